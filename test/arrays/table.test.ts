import { assert } from 'chai';
import narrow from '../../tables/cpu-128.json' with { type: 'json' };
import wide from '../../tables/cpu-256.json' with { type: 'json' };
import { route, routeElementwise } from '../../src/arrays/routing.js';
import { setUnrollingTable, unrollingTable, useVectors } from '../../src/arrays/routing.js';
import { LAYER_CLASSES, MICROKERNELS } from '../../src/arrays/table.js';
import type { LayerShape } from '../../src/arrays/table.js';
import { parseTable, TableError } from '../../src/arrays/table-parser.js';

const TEMPORAL = { rowBlock: 64, stripBytes: 1000, stripRows: 8, bandRows: 16, foldWidth: false };
const ENTRY = { match: { layer: '1x1' }, array: 0, kernel: 'f32_igemm_6x8' };
const TABLE = { hardware: 'any', vectorBits: 128, temporal: TEMPORAL, entries: [ENTRY] };
const withEntry = (fields: object) => ({ ...TABLE, entries: [ENTRY, { ...ENTRY, ...fields }] });
const withMatch = (fields: object) => withEntry({ match: { ...ENTRY.match, ...fields } });

const SHAPE: LayerShape = {
  ...{ layer: '1x1', taps: 1, inChannels: 16, outChannels: 96, pixels: 64, share: 0.5 },
};

describe('an unrolling table', () => {
  afterEach(() => {
    setUnrollingTable(null);
    useVectors(128);
  });

  it('is read entry by entry, over the temporal mapping of the table', () => {
    const { entries } = parseTable('t', withEntry({ temporal: { rowBlock: 4, foldWidth: true } }));
    assert.deepEqual(entries[0].temporal, TEMPORAL);
    assert.deepEqual(entries[1].temporal, { ...TEMPORAL, rowBlock: 4, foldWidth: true });
    assert.equal(entries[0].tileRows, 6);
  });

  for (const [bits, json] of [
    [128, narrow],
    [256, wide],
  ] as const) {
    it(`ships for ${bits} bits, and routes every layer`, () => {
      const table = parseTable('t', json);
      assert.equal(table.vectorBits, bits);
      useVectors(bits);
      assert.deepEqual(unrollingTable(), table);
      for (const layer of LAYER_CLASSES) {
        for (const outChannels of [1, 2, 3, 4, 7, 8, 9, 64, 1000, 100_000]) {
          for (const pixels of [1, 2, 100, 1e6]) {
            if (layer === 'elementwise') {
              assert.equal(routeElementwise(outChannels, pixels, 0.1).match.layer, layer);
              continue;
            }
            const { kernel } = route({ ...SHAPE, layer, outChannels, pixels });
            const known = MICROKERNELS.find(({ name }) => name === kernel);
            assert.isTrue(known?.layers.includes(layer), `${layer} on ${kernel}`);
          }
        }
      }
    });
  }

  it('matches ranges with both of their ends, and null for no end', () => {
    const ranges = { outChannels: [16, 32], pixels: [10, null], share: [null, 0.5] };
    const entry = { match: { layer: '1x1', ...ranges }, array: 1, kernel: 'f32_igemm_4x1' };
    setUnrollingTable({ ...TABLE, entries: [entry] });
    const matched = { ...SHAPE, outChannels: 16, pixels: 10, share: 0.5 };
    assert.equal(route(matched).kernel, 'f32_igemm_4x1');
    assert.equal(route({ ...matched, outChannels: 32, pixels: 1e9 }).kernel, 'f32_igemm_4x1');
    for (const other of [{ outChannels: 15 }, { outChannels: 33 }, { pixels: 9 }, { share: 0.6 }]) {
      assert.equal(route({ ...matched, ...other }).array, 0, JSON.stringify(other));
    }
  });

  it('prefers an exact name to a class, wherever they stand', () => {
    const named = { ...ENTRY, match: { layer: '1x1', name: 'block1/expand' }, array: 1 };
    setUnrollingTable({ ...TABLE, entries: [ENTRY, named] });
    assert.equal(route({ ...SHAPE, name: 'block1/expand' }).array, 1);
    assert.equal(route({ ...SHAPE, name: 'block1/project' }).array, 0);
    assert.equal(route(SHAPE).array, 0);
  });

  it('leaves what it has no entry for to the table that ships', () => {
    const before = route({ ...SHAPE, layer: 'depthwise' });
    setUnrollingTable({ ...TABLE, entries: [{ ...ENTRY, array: 1 }] });
    assert.equal(route(SHAPE).array, 1);
    assert.deepEqual(route({ ...SHAPE, layer: 'depthwise' }), before);
    setUnrollingTable(null);
    assert.equal(route(SHAPE).array, 0);
  });

  it('is refused, with the field that is wrong, and the one before stays in force', () => {
    const wrong: [unknown, RegExp][] = [
      [null, /t: the table must be an object, not null/],
      [[], /t: the table must be an object, not \[\]/],
      [{ ...TABLE, entries: {} }, /t: entries must be a list, not \{\}/],
      [{ ...TABLE, hardware: 3 }, /t: hardware must be a text, not 3/],
      [{ ...TABLE, vectorBits: 512 }, /t: vectorBits must be one of 128, 256, not 512/],
      [{ ...TABLE, entrys: [] }, /t: entrys is no field here: expected hardware, vectorBits,/],
      [{ ...TABLE, temporal: { rowBlock: 8 } }, /entries\[0\]\.temporal\.stripBytes is missing/],
      [{ ...TABLE, entries: [ENTRY, 3] }, /t: entries\[1\] must be an object, not 3/],
      [withEntry({ kernal: 'x' }), /entries\[1\]\.kernal is no field here/],
      [withEntry({ match: undefined }), /entries\[1\]\.match must be an object, not missing/],
      [withMatch({ layer: 'lstm' }), /entries\[1\]\.match\.layer must be one of 1x1, kxk, dec/],
      [withMatch({ name: '' }), /entries\[1\]\.match\.name must be a text/],
      [withMatch({ outChannels: 8 }), /entries\[1\]\.match\.outChannels must be \[least, most\]/],
      [withMatch({ outChannels: [9, 8] }), /match\.outChannels .*, not \[9,8\]/],
      [withMatch({ outChannels: ['1', 8] }), /match\.outChannels/],
      [withMatch({ outChannels: [1, 2, 3] }), /match\.outChannels/],
      [withMatch({ height: [1, 8] }), /match\.height is no field here/],
      [withEntry({ array: 2 }), /entries\[1\]\.array must be one of 0, 1, not 2/],
      [withEntry({ kernel: 'f32_maxpool' }), /entries\[1\]\.kernel must be one of f32_igemm_6x8,/],
      [withMatch({ layer: 'elementwise' }), /entries\[1\]\.kernel must be left out/],
      [
        withEntry({ temporal: { rowBlock: 3 } }),
        /rowBlock must be a whole number from 4 to 2147483647, not 3/,
      ],
      [withEntry({ temporal: { rowBlock: 64.5 } }), /entries\[1\]\.temporal\.rowBlock/],
      [withEntry({ temporal: { stripRows: 2 ** 53 - 1 } }), /stripRows .*, not 9007199254740991/],
      [withEntry({ temporal: { stripBytes: 1e300 } }), /stripBytes .*, not 1e\+300/],
      [withEntry({ temporal: { foldWidth: 1 } }), /entries\[1\]\.temporal\.foldWidth/],
    ];
    setUnrollingTable({ ...TABLE, entries: [{ ...ENTRY, array: 1 }] });
    for (const [value, message] of wrong) {
      assert.throws(() => parseTable('t', value), TableError, message);
      if (value === null) continue;
      assert.throws(() => {
        setUnrollingTable(value);
      }, TableError);
    }
    assert.equal(route(SHAPE).array, 1);
  });
});
