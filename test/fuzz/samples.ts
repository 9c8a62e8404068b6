import { onnxBytes } from '../mapping/workload/onnx-bytes.js';

/** Small files of the formats that the mapping explorer reads. */
export const WORKLOAD = `- id: 0
  operator_type: Conv
  equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
  dimension_relations: [ix=2*ox+1*fx, iy=2*oy+1*fy]
  loop_dims: [B, K, C, OY, OX, FY, FX]
  loop_sizes: [1, 64, 3, 112, 112, 7, 7]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { I: 0, W: 0 }
  pr_loop_dims: [IX, IY]
  padding: [[3, 2], [3, 2]]
- id: 1
  operator_type: Add
  equation: O[b][g][oy][ox]=W[b][g][oy][ox]+I[b][g][oy][ox]
  loop_dims: [B, G, OY, OX]
  loop_sizes: [1, 64, 56, 56]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { W: 0, I: 0 }
`;

/** Densities of that workload. */
export const DENSITIES = `{"format": "dynconv-densities",
 "layers": {"Layer0": 0.25},
 "masks": {"Layer1": {"rows": 2, "columns": 3, "pixels": ["010", "110"]}, "Layer0": {"executed": 0.5}}}
`;

/** An ONNX model. */
export const MODEL = onnxBytes(
  [
    {
      op: 'Conv',
      inputs: ['x', 'w'],
      output: 'y',
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
    },
    { op: 'Gemm', inputs: ['y', 'v'], output: 'z', attributes: { transB: 1 } },
  ],
  { x: [1, 3, 8, 8], y: [1, 4, 8, 8], z: [1, 4, 8, 9] },
  { w: [4, 3, 3, 3], v: [9, 8] },
);
