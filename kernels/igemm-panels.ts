/**
 * Weights of an indirect matrix product in panels of output channels. What is left over behind the
 * last whole panel goes into one as narrow as holds it, so that little is computed in vain.
 */

/** The fewest output channels of a panel: a vector. */
const NARROWEST: i32 = 4;

/** The output channels of the panel that starts where `left` are left, at most `width`. */
@inline
export function panelWidth(left: i32, width: i32): i32 {
  while (width > NARROWEST && left <= width >> 1) width >>= 1;
  return width;
}

/** Bytes of a panel: a bias and `depth` weights for each channel. */
@inline
export function panelBytes(width: i32, depth: i32): usize {
  return (<usize>((1 + depth) * width)) << 2;
}

/** Bytes of the weights that `pack_igemm` packs. */
export function packed_igemm_bytes(width: i32, taps: i32, cin: i32, cout: i32): usize {
  let bytes: usize = 0;
  for (let c = 0; c < cout; c += width) {
    bytes += panelBytes(panelWidth(cout - c, width), taps * cin);
  }
  return bytes;
}

/**
 * Packs weights [taps, cin, cout] at `src` and biases [cout] at `bias` (0: none) into panels of
 * `width` output channels, [panel][biases, then [tap][cin][weights]], filled up with zeros.
 */
export function pack_igemm(
  width: i32,
  src: usize,
  bias: usize,
  taps: i32,
  cin: i32,
  cout: i32,
  dst: usize,
): void {
  const depth = taps * cin;
  for (let c = 0; c < cout; c += width) {
    const columns = min(width, cout - c);
    const panel = panelWidth(columns, width);
    dst = packRow(bias ? bias + ((<usize>c) << 2) : 0, columns, panel, dst);
    for (let k = 0; k < depth; k++) {
      dst = packRow(src + ((<usize>(k * cout + c)) << 2), columns, panel, dst);
    }
  }
}

/** Packs one row of a panel; returns where the next begins. */
function packRow(src: usize, columns: i32, panel: i32, dst: usize): usize {
  if (src == 0) columns = 0;
  for (let c = 0; c < panel; c++, src += 4, dst += 4) {
    store<f32>(dst, c < columns ? load<f32>(src) : 0);
  }
  return dst;
}
