import { assert } from 'chai';
import type { Microkernel, Pipeline, Tile } from '../../../src/mapping/index.js';
import { stepCycles } from '../../../src/mapping/microkernels/step-cycles.js';
import { extentsOf, tilingsOf } from '../../../src/mapping/microkernels/tiling.js';
import { convolution } from '../examples.js';

const PIPELINE: Pipeline = {
  clockGhz: 3,
  multiplyAddLatency: 4,
  spilledLatency: 13,
  loads: 2,
  stores: 1,
  registers: 15,
};
const UNITS = { lanes: 4, multiplyAdds: 2 };

const ALONE = { width: 1, stride: 1 };

const kernel = (vectorLoop: string, ...tiles: Tile[]): Microkernel => ({
  name: 'f32_igemm',
  operators: ['Conv'],
  vectorLoop,
  tiles,
  tileCycles: 20,
  tapCycles: 3,
  addressCycles: 2,
});

describe('the step of a tile', () => {
  const cycles = (tile: Tile, loop = 'K', sliding = ALONE): number =>
    stepCycles(kernel(loop, tile), tile, UNITS, PIPELINE, sliding);

  it('takes what its multiply-adds, loads or sums take, worked out by hand', () => {
    // 8 sums, 2 + 4 loads, 14 registers: 8 / 2.
    assert.equal(cycles({ OX: 4, K: 8 }), 4);
    // 4 sums, which wait for themselves.
    assert.equal(cycles({ OX: 1, K: 16 }), 4);
    // 2 sums and 3 loads: the same.
    assert.equal(cycles({ OX: 2, K: 4 }), 4);
  });

  it('goes through memory where registers do not do', () => {
    // 8 sums, 8 + 1 loads: the sums wait.
    assert.equal(cycles({ OX: 1, K: 32 }), 13);
    // 16 sums, 4 + 4 loads: the sums are stored one a cycle.
    assert.equal(cycles({ OX: 4, K: 16 }), 16);
    // Over input channels: 8 sums, 2 + 8 loads.
    assert.equal(cycles({ OX: 4, C: 8 }, 'C'), 13);
  });

  it('shares columns where windows slide by one pixel', () => {
    // 10 sums, 1 + 12 / 3 loads, 3 weights and a column in registers: 10 / 2.
    assert.equal(cycles({ OX: 10, G: 4 }, 'G', { width: 3, stride: 1 }), 5);
    // 8 sums, 1 + 10 / 3 loads, one a cycle.
    const slow = { ...PIPELINE, loads: 1 };
    const tile = { OX: 8, G: 4 };
    const columns = stepCycles(kernel('G', tile), tile, UNITS, slow, { width: 3, stride: 1 });
    assert.closeTo(columns, 13 / 3, 1e-9);
    // A vector for each pixel, and the weights.
    assert.equal(stepCycles(kernel('G', tile), tile, UNITS, slow, { width: 3, stride: 2 }), 9);
  });

  it('does more on wider vectors', () => {
    const wide = { lanes: 8, multiplyAdds: 2 };
    const tile = { OX: 4, K: 16 };
    // 8 sums of 8 numbers, 2 + 4 loads.
    assert.equal(stepCycles(kernel('K', tile), tile, wide, PIPELINE, ALONE), 4);
  });
});

describe('the tiles of a layer', () => {
  it('are whole ones, and the narrowest for what is left', () => {
    const layer = convolution(21, 6, 5, 1, 1);
    const tall = kernel('K', { OX: 4, K: 16 }, { OX: 8, K: 8 }, { OX: 8, K: 4 });
    const tilings = tilingsOf(layer, extentsOf(layer), tall, UNITS, PIPELINE);
    // 25 pixels: 7 tiles of 4 rows by 16 channels, 4 of 8 rows for the 5 channels that are left.
    assert.deepEqual(
      tilings.map(({ tile, along, steps }) => ({ tile, along, steps })),
      [
        { tile: { OX: 4, K: 16 }, along: [7, 1], steps: 6 },
        { tile: { OX: 8, K: 8 }, along: [4, 1], steps: 6 },
      ],
    );
  });

  it('cover the input channels where those are vectorized', () => {
    const layer = convolution(3, 20, 5, 3, 1);
    const [tiling, ...rest] = tilingsOf(
      layer,
      extentsOf(layer),
      kernel('C', { OX: 4, C: 8 }),
      UNITS,
      PIPELINE,
    );
    assert.isEmpty(rest);
    assert.deepEqual([tiling.along, tiling.steps], [[7, 3], 3]);
  });
});
