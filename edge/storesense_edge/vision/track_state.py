"""Columns of the tracker's state matrix: one row a track, so that a birth or a death is one array operation."""

X, Y, W, H = 0, 1, 2, 3  # foot point (bottom centre) and size, px
VX, VY = 4, 5  # px/s
PP, PV, VV = 6, 7, 8  # variance of place, covariance, variance of speed; in heights and seconds, the same for x and y
PS = 9  # variance of the size, in shares of the height
FIRST, LAST = 10, 11  # time first and last seen, s
HITS, SCORE = 12, 13  # pictures seen in, sum of the scores
SX, SY = 14, 15  # where first seen
LX, LY = 16, 17  # where last seen, as measured
PICTURES = 18  # pictures since first seen
LH = 19  # height when last seen, as measured
APART = 20  # sightings of which no box of somebody else could be the cause
COLUMNS = 21
