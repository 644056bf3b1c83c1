* Two people can work eight hours each; the order needs twenty.
NAME          SHORT-STAFFED
ROWS
 N  COST
 G  ORDER
COLUMNS
    ANNA      COST        30.0   ORDER        1.0
    BEN       COST        25.0   ORDER        1.0
RHS
    RHS       ORDER       20.0
BOUNDS
 UP BND       ANNA         8.0
 UP BND       BEN          8.0
ENDATA
