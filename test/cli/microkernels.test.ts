import { readFileSync } from 'node:fs';
import { assert } from 'chai';
import { sampleRankCorrelation } from 'simple-statistics';
import {
  hasMicrokernels,
  mapNetwork,
  mapOnMicrokernels,
  networkOf,
  NoMicrokernels,
  readHardware,
  readMapping,
  unrollingTable,
  type Layer,
  type MappedLayer,
  type Platform,
} from '../../src/mapping/index.js';
import { setUnrollingTable, unrollingTable as tableInForce } from '../../src/arrays/routing.js';
import { convolution } from '../mapping/examples.js';
import { readNetwork } from '../mapping/networks.js';

function shipped(): { platform: Platform; rules: ReturnType<typeof readMapping> } {
  const text = (file: string): string => readFileSync(`hardware/${file}`, 'utf8');
  return {
    platform: readHardware('cpu-wasm-simd.yaml', text('cpu-wasm-simd.yaml'), (path) =>
      path.startsWith('cores/') ? text(path) : undefined,
    ),
    rules: readMapping('mapping', text('cpu-wasm-simd.mapping.yaml')),
  };
}

describe('the shipped processor', () => {
  const { platform, rules } = shipped();
  const recorded = JSON.parse(readFileSync('test/mapping/fixtures/tiles.json', 'utf8')) as {
    layers: { layer: Layer; milliseconds: Record<string, number> }[];
  };

  it('is predicted as it was measured: Spearman above 0.95, and the fastest tile of every layer', () => {
    const [predicted, measured]: number[][] = [[], []];
    for (const { layer, milliseconds } of recorded.layers) {
      const core = platform.cores[layer.type === 'Conv' ? 0 : 1];
      assert(hasMicrokernels(core));
      const mappings = mapOnMicrokernels(layer, core, 'latency', false);
      assert.sameMembers(
        mappings.map(({ microkernel }) => microkernel.name),
        Object.keys(milliseconds),
      );
      const fastest = Math.min(...Object.values(milliseconds));
      assert.isAtMost(milliseconds[mappings[0].microkernel.name], 1.03 * fastest, layer.name);
      for (const { microkernel, latency, cycles } of mappings) {
        predicted.push(latency / cycles.ideal);
        measured.push(milliseconds[microkernel.name] / cycles.ideal);
      }
    }
    assert.isAbove(sampleRankCorrelation(predicted, measured), 0.95);
  });

  it('makes a table that the backend takes, and routes by', async () => {
    const network = await readNetwork('models/mobilenetv2-hourglass-s0125');
    const mapped = await mapNetwork(network, [], platform, rules, {
      objective: 'latency',
      lpfLimit: 3,
    });
    const table = unrollingTable(mapped, platform);
    setUnrollingTable(JSON.parse(JSON.stringify(table)));
    try {
      const inForce = tableInForce().entries.slice(0, table.entries.length);
      assert.deepEqual(
        inForce.map(({ match, array, kernel: name, temporal: { rowBlock, foldWidth } }) => ({
          ...{ match, array, kernel: name },
          temporal: { rowBlock, foldWidth },
        })),
        table.entries as unknown as typeof inForce,
      );
      const decisions = table.entries.filter(({ match }) => match.layer === 'decision');
      assert.isNotEmpty(decisions);
      for (const { array, kernel: name } of decisions) {
        assert.deepEqual([array, name], [1, 'f32_igemm_4x1']);
      }
    } finally {
      setUnrollingTable(null);
    }
  });

  it('tells layers of one shape apart by their share of pixels', async () => {
    const network = networkOf({ name: 'one', layers: [convolution(24, 12, 10, 3, 1)] });
    const [mapped] = await mapNetwork(network, [], platform, rules, { objective: 'latency' });
    const at = (density: number, name: string): MappedLayer => ({
      ...mapped,
      density,
      mapping: { ...mapped.mapping!, microkernel: { name, rowBlock: 64, foldWidth: false } },
    });
    const [few, many] = ['f32_igemm_1x32', 'f32_igemm_6x8'];
    const layers = [at(0.75, many), at(0.125, few), at(0.25, few), at(1, many)];
    const { entries } = unrollingTable(layers, platform);
    assert.deepEqual(
      entries.map(({ match, kernel }) => [kernel, match.share]),
      [
        [few, [null, 0.5]],
        [many, [0.5, null]],
      ],
    );
    assert.deepEqual(entries[0].match.pixels, [100, 100]);
    setUnrollingTable({ ...unrollingTable(layers, platform) });
    setUnrollingTable(null);
  });
});

describe('hardware without microkernels', () => {
  it('makes no table', () => {
    const platform = readHardware(
      'one-array.yaml',
      readFileSync('hardware/one-array.yaml', 'utf8'),
      () => undefined,
    );
    assert.throws(() => unrollingTable([], platform), NoMicrokernels, 'has no microkernels');
  });
});
