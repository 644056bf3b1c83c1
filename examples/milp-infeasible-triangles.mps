NAME triangles
ROWS
 N OBJ
 E r0
 E r1
 E r2
 E r3
 E r4
 E r5
COLUMNS
 MARKER0 'MARKER' 'INTORG'
 x0 OBJ 1.0
 x0 r0 1.0
 x0 r2 1.0
 x1 OBJ 1.0
 x1 r0 1.0
 x1 r1 1.0
 x2 OBJ 1.0
 x2 r1 1.0
 x2 r2 1.0
 x3 OBJ 1.0
 x3 r3 1.0
 x3 r5 1.0
 x4 OBJ 1.0
 x4 r3 1.0
 x4 r4 1.0
 x5 OBJ 1.0
 x5 r4 1.0
 x5 r5 1.0
 MARKER1 'MARKER' 'INTEND'
RHS
 RHS r0 1.0
 RHS r1 1.0
 RHS r2 1.0
 RHS r3 1.0
 RHS r4 1.0
 RHS r5 1.0
BOUNDS
 UP BND x0 1.0
 UP BND x1 1.0
 UP BND x2 1.0
 UP BND x3 1.0
 UP BND x4 1.0
 UP BND x5 1.0
ENDATA
