import { assert } from 'chai';
import fc from 'fast-check';
import { operandsOf } from '../../../src/mapping/cost/nest.js';
import type { Accelerator } from '../../../src/mapping/hardware/accelerator.js';
import { FREE } from '../../../src/mapping/index.js';
import { unrolledPes, type SpatialMapping } from '../../../src/mapping/mapping/spatial.js';
import { spatialCandidates } from '../../../src/mapping/search/spatial-candidates.js';
import type { Layer } from '../../../src/mapping/workload/layer.js';
import { accelerator, convolution, memory, port } from '../examples.js';
import { accelerators, layers } from './arbitraries.js';

function candidates(
  layer: Layer,
  hardware: Accelerator,
  spatialMappings: number,
  mixed: boolean,
): SpatialMapping[] {
  const operands = operandsOf(layer, hardware, FREE.links);
  return spatialCandidates(hardware, operands, FREE, { spatialMappings, mixed });
}

describe('spatial candidates', () => {
  it('are the best of all that memories hold, each once, without loops that are not unrolled', () => {
    fc.assert(
      fc.property(layers, accelerators, fc.boolean(), (layer, hardware, mixed) => {
        const all = candidates(layer, hardware, 1e6, mixed);
        const best = candidates(layer, hardware, 8, mixed);
        assert.deepEqual(best.map(unrolledPes), all.slice(0, 8).map(unrolledPes));
        assert.lengthOf(new Set(all.map((mapping) => JSON.stringify(mapping))), all.length);
        const factors = best.flat().flatMap(({ unrollings }) => unrollings);
        assert.isTrue(factors.every(({ factor }) => factor > 1));
      }),
      { numRuns: 60 },
    );
  });

  it('are eight where a small memory makes many of them alike', () => {
    // Two weights for 16 x 8 PEs: what is unrolled over channels is reduced to two, nothing else is.
    const hardware = accelerator({ D1: 16, D2: 8 }, [
      memory(
        'weights',
        16,
        ['I2'],
        ['D1', 'D2'],
        port('read', 512, 'I2 tl'),
        port('write', 8, 'I2 fh'),
      ),
      memory('sram', 1e6, ['I1', 'I2', 'O'], ['D1', 'D2'], port('read_write', 512, ...ACCESSES)),
    ]);
    const found = candidates(convolution(16, 16, 8, 1, 1), hardware, 8, false);
    assert.lengthOf(found, 8);
    assert.equal(unrolledPes(found[0]), 64);
  });
});

const ACCESSES = ['I1 tl', 'I1 fh', 'I2 tl', 'I2 fh', 'O tl', 'O fl', 'O th', 'O fh'];
