/** The module's exports: the kernels that compute rows, weight packing, and sets of pixels. */
export {
  f32_abs,
  f32_compare,
  f32_cube,
  f32_divide,
  f32_elu,
  f32_exp,
  f32_gelu,
  f32_rsqrt,
  f32_self_gate,
  f32_sigmoid,
  f32_silu,
  f32_sqrt,
  f32_square,
  f32_tanh,
} from './activations';
export { f32_dwconv_8x4, f32_dwconv_8x8 } from './dwconv';
export { f32_igemm_4x1, pack_igemm_x1, packed_igemm_x1_bytes } from './igemm-4x1';
export { f32_igemm_6x16, f32_igemm_6x8 } from './igemm';
export { f32_igemm_1x32 } from './igemm-1x32';
export { pack_igemm, packed_igemm_bytes } from './igemm-panels';
export { f32_mean } from './mean';
export {
  f32_add,
  f32_add_at,
  f32_affine,
  f32_clamp,
  f32_clamp_at,
  f32_leaky,
  f32_max,
  f32_min,
  f32_mul,
  f32_mul_pixel,
  f32_sub,
} from './pointwise';
export { f32_avgpool, f32_maxpool } from './pool';
export { f32_resize_bilinear, f32_resize_nearest } from './resize';
export { fill_bytes } from './row-copy';
export { rows_gather, rows_pad, rows_scatter } from './row-movement';
export { f32_transpose } from './transpose';
export {
  bitmap_mark_pixels,
  set_dilate,
  set_from_bitmap,
  set_nonzero_f32,
  set_nonzero_i32,
  set_nonzero_u8,
  set_resize_bilinear,
  set_resize_nearest,
  set_row_of,
  set_to_bitmap,
} from './sets';
export { vector_width_adjacent, vector_width_apart } from './vector-width';
