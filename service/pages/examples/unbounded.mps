* Each unit earns more than it costs and nothing limits it: a missing constraint, most likely.
NAME          NO-LIMIT
ROWS
 N  COST
 L  BALANCE
COLUMNS
    MAKE      COST         2.0   BALANCE     -1.0
    SELL      COST        -3.0   BALANCE      1.0
RHS
ENDATA
