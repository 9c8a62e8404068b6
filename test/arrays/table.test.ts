import { assert } from 'chai';
import table from '../../tables/cpu.json' with { type: 'json' };
import { route } from '../../src/arrays/routing.js';
import { LAYER_CLASSES, parseTable, TableError } from '../../src/arrays/table.js';

const ENTRY = {
  layer: 'conv',
  outChannels: [1, 100],
  array: 0,
  kernel: 'f32_igemm_4x8',
  rowBlock: 64,
};

describe('an unrolling table', () => {
  it('is read entry by entry', () => {
    assert.deepEqual(parseTable('t.json', { entries: [ENTRY, ENTRY] }), [ENTRY, ENTRY]);
  });

  it('that ships routes every layer', () => {
    const entries = parseTable('tables/cpu.json', table);
    for (const layer of LAYER_CLASSES) {
      for (const outChannels of [1, 2, 3, 4, 7, 8, 9, 64, 1000, 100_000]) {
        const choice = route(layer, outChannels);
        assert.equal(choice.layer, layer);
        assert.deepInclude(entries, choice);
        assert.isAtLeast(outChannels, choice.outChannels[0]);
        assert.isAtMost(outChannels, choice.outChannels[1]);
      }
    }
  });

  it('is refused, with the field that is wrong', () => {
    const wrong: [unknown, RegExp][] = [
      [null, /t\.json: entries must be a list/],
      [[], /t\.json: entries must be a list/],
      [{ entries: {} }, /t\.json: entries must be a list/],
      [{ entries: [ENTRY, 3] }, /entries\[1\]/],
      [{ entries: [{ ...ENTRY, layer: 'lstm' }] }, /entries\[0\]\.layer must be one of conv,/],
      [{ entries: [{ ...ENTRY, outChannels: 8 }] }, /entries\[0\]\.outChannels/],
      [{ entries: [{ ...ENTRY, outChannels: [9, 8] }] }, /entries\[0\]\.outChannels/],
      [{ entries: [{ ...ENTRY, outChannels: ['1', 8] }] }, /entries\[0\]\.outChannels/],
      [{ entries: [{ ...ENTRY, array: 2 }] }, /entries\[0\]\.array must be 0 or 1/],
      [{ entries: [{ ...ENTRY, kernel: 'f32_maxpool' }] }, /entries\[0\]\.kernel must be one of/],
      [{ entries: [{ ...ENTRY, rowBlock: 3 }] }, /entries\[0\]\.rowBlock/],
      [{ entries: [{ ...ENTRY, rowBlock: 64.5 }] }, /entries\[0\]\.rowBlock/],
    ];
    for (const [value, message] of wrong) {
      assert.throws(() => parseTable('t.json', value), TableError, message);
    }
  });
});
