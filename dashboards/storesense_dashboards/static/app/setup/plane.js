// Points in a plane: what crosses, what is flat, where the camera's view puts a point. The same rules as the server's.

export const distance = ([ax, ay], [bx, by]) => Math.hypot(bx - ax, by - ay);

export function area(corners) {
  let doubled = 0;
  corners.forEach(([x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % corners.length];
    doubled += x * nextY - nextX * y;
  });
  return Math.abs(doubled) / 2;
}

const side = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

const within = (a, b, c) =>
  Math.min(a[0], b[0]) <= c[0] && c[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= c[1] && c[1] <= Math.max(a[1], b[1]);

function meet(a, b, c, d) {
  const sides = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (sides[0] * sides[1] < 0 && sides[2] * sides[3] < 0) return true;
  const touching = [
    [a, b, c],
    [a, b, d],
    [c, d, a],
    [c, d, b],
  ];
  return sides.some((value, i) => value === 0 && within(...touching[i]));
}

/** Whether edges of a polygon meet that are no neighbours. */
export function crossesItself(corners) {
  const count = corners.length;
  for (let first = 0; first < count; first += 1)
    for (let second = first + 2; second < count; second += 1) {
      if (first === 0 && second === count - 1) continue;
      if (meet(corners[first], corners[first + 1], corners[second], corners[(second + 1) % count])) return true;
    }
  return false;
}

/** Whether points and the edges between them lie within a polygon; its edge is within. */
export function covers(corners, points) {
  const edges = corners.map((corner, i) => [corner, corners[(i + 1) % corners.length]]);
  const isWithin = (at) => {
    let inside = false;
    for (const [a, b] of edges) {
      if (side(a, b, at) === 0 && within(a, b, at)) return true;
      if (a[1] > at[1] !== b[1] > at[1] && at[0] < ((b[0] - a[0]) * (at[1] - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside;
    }
    return inside;
  };
  const doCross = (a, b, c, d) => side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
  return points.every(isWithin) && !points.some((at, i) => edges.some(([c, d]) => doCross(at, points[(i + 1) % points.length], c, d)));
}

function isFlat(points) {
  const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  let [xx, yy, xy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - mx) ** 2;
    yy += (y - my) ** 2;
    xy += (x - mx) * (y - my);
  }
  const spread = Math.hypot((xx - yy) / 2, xy);
  const along = Math.sqrt(Math.max(0, (xx + yy) / 2 + spread));
  return along <= 0 || Math.sqrt(Math.max(0, (xx + yy) / 2 - spread)) < 1e-3 * along;
}

/** Whether points, or all but any one of them, lie on one line: too little to match picture and floor by. */
export const liesOnALine = (points) => isFlat(points) || points.some((_, i) => isFlat(points.filter((__, j) => j !== i)));

/** Where a 3 by 3 matrix puts a point; null beyond the horizon. */
export function mapped(matrix, [x, y]) {
  const [u, v, w] = matrix.map(([a, b, c]) => a * x + b * y + c);
  return w > 1e-9 ? [u / w, v / w] : null;
}

export function inverse([[a, b, c], [d, e, f], [g, h, i]]) {
  const minors = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  const determinant = a * minors[0][0] + b * minors[1][0] + c * minors[2][0];
  return minors.map((row) => row.map((value) => value / determinant));
}
