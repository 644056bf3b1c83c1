* A workshop makes tables and chairs; wood and hours are scarce. Best profit: 138 at tables = 6, chairs = 4.
NAME          WORKSHOP
OBJSENSE
    MAX
ROWS
 N  PROFIT
 L  WOOD
 L  HOURS
COLUMNS
    TABLES    PROFIT      15.0   WOOD         3.0
    TABLES    HOURS        2.0
    CHAIRS    PROFIT      12.0   WOOD         1.5
    CHAIRS    HOURS        2.0
RHS
    RHS       WOOD        24.0   HOURS       20.0
BOUNDS
 UP BND       TABLES      20.0
 UP BND       CHAIRS      20.0
ENDATA
