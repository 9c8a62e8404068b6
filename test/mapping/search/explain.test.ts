import { assert } from 'chai';
import { explain, FREE, searchLayer } from '../../../src/mapping/index.js';
import { accelerator, convolution, memory, port } from '../examples.js';

describe('the explanation of a search', () => {
  const hardware = accelerator({ D1: 4, D2: 4 }, [
    memory('weights', 64, ['I2'], [], port('read', 8, 'I2 tl'), port('write', 8, 'I2 fh')),
    memory(
      'sram',
      1e6,
      ['I1', 'I2', 'O'],
      ['D1', 'D2'],
      port('read', 128, 'I1 tl', 'I2 tl', 'O tl', 'O th'),
      port('write', 128, 'I1 fh', 'I2 fh', 'O fl', 'O fh'),
    ),
  ]);
  const { mappings } = searchLayer(convolution(8, 6, 5, 3, 1), hardware, FREE, {
    objective: 'edp',
    runnersUp: 5,
  });

  it('has runners-up, each dearer than the one before', () => {
    assert.lengthOf(mappings, 6);
    const scores = mappings.map(({ latency, energy }) => latency * energy);
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => a - b),
    );
  });

  it('says of each what it lost, part by part, so that it adds up', () => {
    const [winner, ...others] = mappings;
    for (const other of others) {
      const differences = explain(winner, other);
      for (const of of ['latency', 'energy'] as const) {
        const sum = differences
          .filter((difference) => difference.of === of)
          .reduce((total, { more }) => total + more, 0);
        assert.closeTo(sum, other[of] - winner[of], 1e-6 * winner[of]);
      }
      const shares = differences.map(({ share }) => Math.abs(share));
      assert.deepEqual(
        shares,
        [...shares].sort((a, b) => b - a),
      );
    }
  });
});
