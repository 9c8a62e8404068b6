import { expect } from 'chai';
import { loopSize } from '../../../src/mapping/workload/layer.js';
import { parseOnnxWorkload } from '../../../src/mapping/workload/onnx/onnx-workload.js';
import { onnxBytes } from './onnx-bytes.js';

const convolution = onnxBytes(
  [
    {
      op: 'Conv',
      name: 'stem',
      inputs: ['image', 'w0'],
      output: 'a',
      attributes: { kernel_shape: [3, 5], strides: [2, 1], pads: [1, 2, 0, 2] },
    },
    { op: 'Relu', inputs: ['a'], output: 'b' },
    {
      op: 'Conv',
      name: 'depthwise',
      inputs: ['b', 'w1'],
      output: 'c',
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: 16, weight_size: 4 },
    },
  ],
  { image: [0, 3, 32, 20], a: [0, 16, 16, 20], b: [0, 16, 16, 20], c: [0, 16, 16, 20] },
  { w0: [16, 3, 3, 5], w1: [16, 1, 3, 3] },
);

describe('ONNX workloads', () => {
  it('reads convolutions, their windows and what they come from', () => {
    const { layers } = parseOnnxWorkload('model.onnx', convolution);
    expect(layers.map(({ name, type }) => [name, type])).to.deep.equal([
      ['stem', 'Conv'],
      ['depthwise', 'Conv'],
    ]);
    const [stem, depthwise] = layers;
    const sizes = ['B', 'K', 'G', 'OX', 'OY', 'C', 'FX', 'FY'];
    expect(sizes.map((dim) => loopSize(stem, dim))).to.deep.equal([1, 16, 1, 20, 16, 3, 5, 3]);
    expect(sizes.map((dim) => loopSize(depthwise, dim))).to.deep.equal([1, 1, 16, 20, 16, 1, 3, 3]);
    expect(stem.relations).to.deep.equal([
      { dim: 'IX', dims: ['OX', 'FX'], coefficients: [1, 1], padding: [2, 2], size: 20 },
      { dim: 'IY', dims: ['OY', 'FY'], coefficients: [2, 1], padding: [1, 0], size: 32 },
    ]);
    expect(depthwise.inputs.map(({ name, sources, precision }) => [name, sources, precision]))
      .to.deep //
      .equal([
        ['W', [], 4],
        ['I', [0], 8],
      ]);
    expect(depthwise.output).to.include({ precision: 16, finalPrecision: 8 });
  });

  it('reads matrix products, of a constant and of two computed matrices', () => {
    const { layers } = parseOnnxWorkload(
      'model.onnx',
      onnxBytes(
        [
          { op: 'Gemm', inputs: ['x', 'w'], output: 'q', attributes: { transB: 1 } },
          { op: 'Relu', inputs: ['y'], output: 'k' },
          { op: 'MatMul', inputs: ['r', 'k'], output: 's' },
          { op: 'Reshape', inputs: ['q'], output: 'r' },
          { op: 'MatMul', inputs: ['r', 'k'], output: 't' },
        ],
        {
          x: [7, 5],
          q: [7, 9],
          r: [2, 4, 7, 5],
          y: [2, 4, 5, 3],
          s: [2, 4, 7, 3],
          t: [2, 4, 7, 3],
        },
        { w: [9, 5] },
      ),
    );
    const sizes = ['B', 'H', 'D', 'C', 'K'];
    const loops = layers.map((layer) => sizes.map((dim) => loopSize(layer, dim)));
    expect(loops).to.deep.equal([
      [1, 1, 7, 5, 9],
      [2, 4, 7, 5, 3],
      [2, 4, 7, 5, 3],
    ]);
    expect(layers[0].loops.map(({ dim }) => dim)).to.deep.equal(['C', 'D', 'K']);
    expect(layers[2].inputs).to.deep.include({
      name: 'W',
      dims: ['B', 'H', 'C', 'K'],
      precision: 8,
      sources: [],
      constant: false,
    });
    expect(layers[2].inputs[0].sources).to.deep.equal([0]);
  });

  it('asks for shapes that the model lacks, by node', () => {
    const nodes = [{ op: 'Conv', name: 'stem', inputs: ['x', 'w'], output: 'y' }];
    expect(() => parseOnnxWorkload('model.onnx', onnxBytes(nodes, { x: [1, 3, 8, 8] }))).to.throw(
      'model.onnx: node stem (Conv): the model tells no shape for y: run ' +
        'onnx.shape_inference.infer_shapes on it',
    );
    const shapes = { x: [1, 3, 8, 8], y: [1, 3, 0, 8] };
    expect(() =>
      parseOnnxWorkload('m.onnx', onnxBytes(nodes, shapes, { w: [3, 3, 1, 1] })),
    ).to.throw('node stem (Conv): OY has the size 0: is a dimension left open?');
  });

  it('names the byte at which a damaged file cannot be read on', () => {
    expect(() => parseOnnxWorkload('cut.onnx', convolution.subarray(0, 100))).to.throw(
      /^cut\.onnx: byte \d+: expected an ONNX model; the file is cut off or damaged here/,
    );
    expect(() => parseOnnxWorkload('empty.onnx', new Uint8Array(0))).to.throw(
      'empty.onnx: byte 0: expected an ONNX model with a graph',
    );
  });
});
