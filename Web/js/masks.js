// Masks of objects, which the server sends as COCO's compressed run lengths.

/**
 * The pieces of columns that a mask covers, as `[x, y, height]`.
 *
 * @param mask `{size: [height, width], counts}`
 */
export function columnsOf(mask) {
  const [height, width] = mask.size;
  const pieces = [];
  let position = 0;
  runsOf(mask.counts).forEach((run, index) => {
    if (index % 2 === 1) {
      const end = Math.min(position + run, width * height);
      for (let at = position; at < end;) {
        const x = Math.floor(at / height);
        const stop = Math.min(end, (x + 1) * height);
        pieces.push([x, at - x * height, stop - at]);
        at = stop;
      }
    }
    position += run;
  });
  return pieces;
}

// Groups of five bits, the lowest first, each with a bit that says whether another follows; from the fourth run on the
// difference to the run two before (cocoapi, maskApi.c).
function runsOf(counts) {
  const runs = [];
  let value = 0;
  let shift = 0;
  for (let at = 0; at < counts.length; at += 1) {
    const group = counts.charCodeAt(at) - 48;
    value |= (group & 0x1f) << shift;
    shift += 5;
    if (group & 0x20) continue;
    if (group & 0x10 && shift < 32) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
    value = 0;
    shift = 0;
  }
  return runs;
}
