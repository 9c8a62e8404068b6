/**
 * The exports of the compiled AssemblyScript module (folder `kernels`). Addresses are unsigned
 * 32-bit; a set is an ascending int32 list of pixels; a bitmap holds a byte per pixel.
 */

/** Scratch memory that a lane gives to a kernel, for the addresses of a block of rows. */
export const SCRATCH_BYTES = 64 * 1024;

/** Computes output rows [r0, r1) of the command at `command`, with a lane's scratch memory. */
export type RowKernel = (command: number, r0: number, r1: number, scratch: number) => void;

/** The kernels that compute rows; a kernel's number is its place in this list. */
export const ROW_KERNELS = [
  'f32_igemm_6x8',
  'f32_igemm_6x16',
  'f32_igemm_1x32',
  'f32_igemm_4x1',
  'f32_dwconv_8x4',
  'f32_dwconv_8x8',
  'f32_maxpool',
  'f32_avgpool',
  'f32_mean',
  'f32_resize_nearest',
  'f32_resize_bilinear',
  'f32_add',
  'f32_sub',
  'f32_mul',
  'f32_max',
  'f32_min',
  'f32_mul_pixel',
  'f32_affine',
  'f32_clamp',
  'f32_clamp_at',
  'f32_leaky',
  'f32_add_at',
  'f32_exp',
  'f32_sigmoid',
  'f32_tanh',
  'f32_elu',
  'f32_silu',
  'f32_gelu',
  'f32_self_gate',
  'f32_divide',
  'f32_square',
  'f32_cube',
  'f32_sqrt',
  'f32_rsqrt',
  'f32_abs',
  'f32_compare',
  'f32_transpose',
  'rows_gather',
  'rows_scatter',
  'rows_pad',
] as const;

/** The name of a kernel that computes rows. */
export type RowKernelName = (typeof ROW_KERNELS)[number];

/** The names of the functions that find the non-zero pixels of a mask, by its element type. */
export type NonZeroName = 'set_nonzero_f32' | 'set_nonzero_i32' | 'set_nonzero_u8';

export interface SetKernels {
  set_dilate: (
    command: number,
    pixels: number,
    count: number,
    bitmap: number,
    images: number,
  ) => void;
  set_resize_nearest: (
    command: number,
    pixels: number,
    count: number,
    bitmap: number,
    images: number,
  ) => void;
  set_resize_bilinear: (
    command: number,
    pixels: number,
    count: number,
    bitmap: number,
    images: number,
  ) => void;
  set_from_bitmap: (bitmap: number, total: number, pixels: number) => number;
  set_to_bitmap: (pixels: number, count: number, total: number, bitmap: number) => void;
  bitmap_mark_pixels: (pixels: number, count: number, bitmap: number) => void;
  set_row_of: (pixels: number, count: number, total: number, rowOf: number) => void;
}

/** Finds the (non-)zero pixels of a mask among `within`; see kernels/sets.ts. */
export type NonZero = (
  values: number,
  stride: number,
  total: number,
  within: number,
  withinCount: number,
  period: number,
  valueRowOf: number,
  invert: number,
  pixels: number,
  allOnes: number,
) => number;

export interface PackKernels {
  pack_igemm: (
    width: number,
    filter: number,
    bias: number,
    taps: number,
    inChannels: number,
    outChannels: number,
    packed: number,
  ) => void;
  pack_igemm_x1: (
    filter: number,
    bias: number,
    taps: number,
    inChannels: number,
    outChannels: number,
    packed: number,
  ) => void;
  packed_igemm_bytes: (
    width: number,
    taps: number,
    inChannels: number,
    outChannels: number,
  ) => number;
  packed_igemm_x1_bytes: (taps: number, inChannels: number, outChannels: number) => number;
}

export interface FillKernels {
  fill_bytes: (pointer: number, value: number, bytes: number) => void;
}

export type Kernels = Record<RowKernelName, RowKernel> &
  Record<NonZeroName, NonZero> &
  SetKernels &
  PackKernels &
  FillKernels;
