// The mapping explorer by itself: no tensor library is loaded.
import { FREE, readAccelerator, searchLayer } from 'tfjs-backend-dynconv/mapping';

const accelerator = readAccelerator(
  'one_pe.yaml',
  `name: one_pe
memories:
  sram:
    size: 4096
    r_cost: 2
    w_cost: 3
    operands: [I1, I2, O]
    ports:
      - {name: r_port_1, type: read, bandwidth_min: 8, bandwidth_max: 8, allocation: ["I1, tl", "I2, tl", "O, tl"]}
      - {name: w_port_1, type: write, bandwidth_min: 8, bandwidth_max: 8, allocation: ["O, fl"]}
    served_dimensions: [D1]
operational_array: {unit_energy: 1, dimensions: [D1], sizes: [1]}
`,
);
const layer = {
  name: 'dot product',
  type: 'Gemm',
  loops: [{ dim: 'C', size: 4 }],
  relations: [],
  output: { name: 'O', dims: [], precision: 16, finalPrecision: 8 },
  inputs: [
    { name: 'I', dims: ['C'], precision: 8, sources: [], constant: false },
    { name: 'W', dims: ['C'], precision: 8, sources: [], constant: true },
  ],
};
const [best] = searchLayer(layer, accelerator, FREE, { objective: 'energy' }).mappings;
// Four multiply-accumulates, each with two words of inputs, and a sum of two words read and written.
const isRight = best.energy === 4 + 4 * (2 * 2 + 2 * 2 + 2 * 3);
console.log(isRight ? 'dynconv agrees with cpu' : `energy ${best.energy}`);
