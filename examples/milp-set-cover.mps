NAME set-cover
ROWS
 N OBJ
 G r0
 G r1
 G r2
 G r3
 G r4
 G r5
 G r6
 G r7
 G r8
 G r9
 G r10
 G r11
 G r12
 G r13
 G r14
 G r15
 G r16
 G r17
 G r18
 G r19
 G r20
 G r21
 G r22
 G r23
 G r24
 G r25
 G r26
 G r27
 G r28
 G r29
COLUMNS
 MARKER0 'MARKER' 'INTORG'
 x0 OBJ 59.0
 x0 r2 1.0
 x0 r14 1.0
 x0 r20 1.0
 x1 OBJ 96.0
 x1 r18 1.0
 x2 OBJ 15.0
 x2 r7 1.0
 x2 r16 1.0
 x2 r21 1.0
 x2 r22 1.0
 x2 r26 1.0
 x3 OBJ 34.0
 x3 r10 1.0
 x3 r11 1.0
 x3 r16 1.0
 x3 r28 1.0
 x4 OBJ 27.0
 x4 r7 1.0
 x4 r16 1.0
 x4 r18 1.0
 x4 r19 1.0
 x5 OBJ 58.0
 x5 r3 1.0
 x5 r21 1.0
 x6 OBJ 81.0
 x6 r0 1.0
 x6 r3 1.0
 x6 r15 1.0
 x6 r18 1.0
 x6 r29 1.0
 x7 OBJ 94.0
 x7 r1 1.0
 x7 r3 1.0
 x7 r20 1.0
 x7 r22 1.0
 x7 r23 1.0
 x8 OBJ 51.0
 x8 r5 1.0
 x8 r12 1.0
 x8 r13 1.0
 x8 r15 1.0
 x8 r19 1.0
 x9 OBJ 30.0
 x9 r14 1.0
 x9 r25 1.0
 x10 OBJ 22.0
 x10 r15 1.0
 x10 r28 1.0
 x11 OBJ 81.0
 x11 r7 1.0
 x11 r11 1.0
 x11 r13 1.0
 x11 r20 1.0
 x11 r27 1.0
 x12 OBJ 5.0
 x12 r3 1.0
 x12 r4 1.0
 x13 OBJ 12.0
 x13 r12 1.0
 x13 r17 1.0
 x14 OBJ 7.0
 x14 r10 1.0
 x14 r11 1.0
 x14 r13 1.0
 x15 OBJ 73.0
 x15 r7 1.0
 x15 r8 1.0
 x15 r15 1.0
 x15 r28 1.0
 x15 r29 1.0
 x16 OBJ 85.0
 x16 r3 1.0
 x16 r4 1.0
 x16 r11 1.0
 x16 r17 1.0
 x16 r18 1.0
 x16 r27 1.0
 x17 OBJ 80.0
 x17 r9 1.0
 x17 r13 1.0
 x17 r29 1.0
 x18 OBJ 28.0
 x18 r7 1.0
 x18 r27 1.0
 x18 r28 1.0
 x19 OBJ 83.0
 x19 r7 1.0
 x19 r14 1.0
 x19 r17 1.0
 x19 r20 1.0
 x19 r23 1.0
 x19 r29 1.0
 x20 OBJ 1.0
 x20 r4 1.0
 x20 r6 1.0
 x20 r11 1.0
 x20 r25 1.0
 x20 r29 1.0
 x21 OBJ 97.0
 x21 r6 1.0
 x21 r9 1.0
 x21 r21 1.0
 x22 OBJ 60.0
 x22 r17 1.0
 x22 r29 1.0
 x23 OBJ 71.0
 x23 r0 1.0
 x23 r6 1.0
 x23 r9 1.0
 x23 r14 1.0
 x23 r15 1.0
 x23 r16 1.0
 x23 r24 1.0
 x24 OBJ 10.0
 x24 r0 1.0
 x24 r11 1.0
 x24 r22 1.0
 x24 r29 1.0
 x25 OBJ 97.0
 x25 r3 1.0
 x25 r4 1.0
 x25 r14 1.0
 x25 r25 1.0
 x25 r26 1.0
 x26 OBJ 39.0
 x26 r2 1.0
 x26 r5 1.0
 x26 r14 1.0
 x26 r18 1.0
 x27 OBJ 28.0
 x27 r12 1.0
 x28 OBJ 85.0
 x28 r14 1.0
 x28 r16 1.0
 x28 r22 1.0
 x28 r26 1.0
 x28 r28 1.0
 x29 OBJ 52.0
 x29 r3 1.0
 x29 r10 1.0
 x29 r25 1.0
 x30 OBJ 14.0
 x30 r1 1.0
 x30 r19 1.0
 x30 r24 1.0
 x31 OBJ 22.0
 x31 r11 1.0
 x31 r14 1.0
 x31 r16 1.0
 x32 OBJ 36.0
 x32 r0 1.0
 x32 r8 1.0
 x32 r10 1.0
 x32 r14 1.0
 x32 r19 1.0
 x32 r26 1.0
 x32 r27 1.0
 x33 OBJ 9.0
 x33 r3 1.0
 x33 r8 1.0
 x34 OBJ 51.0
 x34 r11 1.0
 x34 r15 1.0
 x35 OBJ 44.0
 x35 r1 1.0
 x35 r9 1.0
 x35 r15 1.0
 x35 r18 1.0
 x35 r20 1.0
 x36 OBJ 65.0
 x36 r1 1.0
 x36 r4 1.0
 x36 r8 1.0
 x36 r12 1.0
 x36 r18 1.0
 x37 OBJ 72.0
 x37 r0 1.0
 x37 r5 1.0
 x37 r14 1.0
 x38 OBJ 14.0
 x38 r1 1.0
 x38 r15 1.0
 x38 r29 1.0
 x39 OBJ 78.0
 x39 r2 1.0
 x39 r5 1.0
 x39 r25 1.0
 x40 OBJ 82.0
 x40 r20 1.0
 x40 r24 1.0
 x41 OBJ 2.0
 x41 r5 1.0
 x41 r13 1.0
 x41 r18 1.0
 x41 r20 1.0
 x41 r23 1.0
 x41 r25 1.0
 x42 OBJ 76.0
 x42 r4 1.0
 x42 r14 1.0
 x43 OBJ 94.0
 x43 r12 1.0
 x43 r20 1.0
 x44 OBJ 39.0
 x44 r5 1.0
 x44 r6 1.0
 x44 r9 1.0
 x44 r14 1.0
 x44 r27 1.0
 x45 OBJ 25.0
 x45 r0 1.0
 x45 r3 1.0
 x46 OBJ 55.0
 x46 r0 1.0
 x46 r14 1.0
 x46 r21 1.0
 x46 r24 1.0
 x46 r26 1.0
 x47 OBJ 29.0
 x47 r18 1.0
 x47 r27 1.0
 x47 r29 1.0
 x48 OBJ 21.0
 x48 r10 1.0
 x48 r20 1.0
 x48 r23 1.0
 x48 r25 1.0
 x49 OBJ 83.0
 x49 r20 1.0
 x50 OBJ 60.0
 x50 r7 1.0
 x50 r19 1.0
 x51 OBJ 89.0
 x51 r8 1.0
 x51 r23 1.0
 x52 OBJ 71.0
 x52 r0 1.0
 x52 r5 1.0
 x52 r16 1.0
 x52 r21 1.0
 x52 r27 1.0
 x53 OBJ 73.0
 x53 r15 1.0
 x53 r19 1.0
 x53 r20 1.0
 x53 r29 1.0
 x54 OBJ 78.0
 x54 r1 1.0
 x54 r2 1.0
 x54 r14 1.0
 x54 r17 1.0
 x55 OBJ 33.0
 x55 r3 1.0
 x55 r18 1.0
 x56 OBJ 13.0
 x56 r9 1.0
 x56 r24 1.0
 x56 r29 1.0
 x57 OBJ 46.0
 x58 OBJ 97.0
 x58 r12 1.0
 x58 r19 1.0
 x58 r28 1.0
 x59 OBJ 83.0
 x59 r10 1.0
 x59 r15 1.0
 x59 r25 1.0
 MARKER1 'MARKER' 'INTEND'
RHS
 RHS r0 1.0
 RHS r1 1.0
 RHS r2 1.0
 RHS r3 1.0
 RHS r4 1.0
 RHS r5 1.0
 RHS r6 1.0
 RHS r7 1.0
 RHS r8 1.0
 RHS r9 1.0
 RHS r10 1.0
 RHS r11 1.0
 RHS r12 1.0
 RHS r13 1.0
 RHS r14 1.0
 RHS r15 1.0
 RHS r16 1.0
 RHS r17 1.0
 RHS r18 1.0
 RHS r19 1.0
 RHS r20 1.0
 RHS r21 1.0
 RHS r22 1.0
 RHS r23 1.0
 RHS r24 1.0
 RHS r25 1.0
 RHS r26 1.0
 RHS r27 1.0
 RHS r28 1.0
 RHS r29 1.0
BOUNDS
 UP BND x0 1.0
 UP BND x1 1.0
 UP BND x2 1.0
 UP BND x3 1.0
 UP BND x4 1.0
 UP BND x5 1.0
 UP BND x6 1.0
 UP BND x7 1.0
 UP BND x8 1.0
 UP BND x9 1.0
 UP BND x10 1.0
 UP BND x11 1.0
 UP BND x12 1.0
 UP BND x13 1.0
 UP BND x14 1.0
 UP BND x15 1.0
 UP BND x16 1.0
 UP BND x17 1.0
 UP BND x18 1.0
 UP BND x19 1.0
 UP BND x20 1.0
 UP BND x21 1.0
 UP BND x22 1.0
 UP BND x23 1.0
 UP BND x24 1.0
 UP BND x25 1.0
 UP BND x26 1.0
 UP BND x27 1.0
 UP BND x28 1.0
 UP BND x29 1.0
 UP BND x30 1.0
 UP BND x31 1.0
 UP BND x32 1.0
 UP BND x33 1.0
 UP BND x34 1.0
 UP BND x35 1.0
 UP BND x36 1.0
 UP BND x37 1.0
 UP BND x38 1.0
 UP BND x39 1.0
 UP BND x40 1.0
 UP BND x41 1.0
 UP BND x42 1.0
 UP BND x43 1.0
 UP BND x44 1.0
 UP BND x45 1.0
 UP BND x46 1.0
 UP BND x47 1.0
 UP BND x48 1.0
 UP BND x49 1.0
 UP BND x50 1.0
 UP BND x51 1.0
 UP BND x52 1.0
 UP BND x53 1.0
 UP BND x54 1.0
 UP BND x55 1.0
 UP BND x56 1.0
 UP BND x57 1.0
 UP BND x58 1.0
 UP BND x59 1.0
ENDATA
