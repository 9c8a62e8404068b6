/**
 * The layout of a kernel command: 4-byte words in WebAssembly memory, written once per layer by the
 * calling thread and read by every kernel call on it. Compiled by AssemblyScript and by TypeScript.
 *
 * A command describes rows: one row holds the channels of one pixel. Row r of an operand lies at
 * `Base + (r & Mask) * Stride` (bytes), so that a buffer may be a ring of a power-of-two number of
 * rows. Output row r belongs to pixel `OutPixels[r]`, or to pixel r when OutPixels is 0 (dense).
 * Pixel q of an input lies in row `RowOf[q]` (negative: absent, reads as zeros), or in row q when
 * RowOf is 0 (dense). Pixels are numbered (n * H + y) * W + x.
 */
export enum Word {
  InBase = 0,
  InStride,
  InMask,
  InRowOf,
  OutBase,
  OutStride,
  OutMask,
  OutPixels,
  // Second input, for kernels of two operands.
  In2Base,
  In2Stride,
  In2Mask,
  In2RowOf,
  // Window geometry.
  InH,
  InW,
  OutH,
  OutW,
  KernelH,
  KernelW,
  StrideH,
  StrideW,
  DilationH,
  DilationW,
  PadTop,
  PadLeft,
  // Channels, weights, epilogue.
  InChannels,
  OutChannels,
  Weights,
  Bias,
  /** float32: the output is clamped to [Min, Max]; infinities for no clamp. */
  Min,
  Max,
  /** A row of zeros, at least as long as any input row read through RowOf or padding. */
  Zero,
  /** Rows per block of the temporal mapping: rows whose outputs are computed panel by panel. */
  RowBlock,
  /** Kernel-specific: see each kernel. */
  Param0,
  Param1,
  Param2,
  Param3,
  /** The number of words in a command. */
  Count,
}

/** The comparisons of `f32_compare`. */
export enum Comparison {
  Greater = 0,
  GreaterEqual,
  Less,
  LessEqual,
  Equal,
  NotEqual,
}
