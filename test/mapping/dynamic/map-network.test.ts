import { assert } from 'chai';
import fc from 'fast-check';
import { blobs } from '../../../src/mapping/dynamic/blobs.js';
import {
  activityOf,
  FREE,
  mapNetwork,
  NO_DENSITIES,
  OBJECTIVES,
  peCount,
  readHardware,
  readMapping,
  score,
  type Layer,
  type MappedLayer,
  type Platform,
  type SearchOptions,
} from '../../../src/mapping/index.js';
import { macs } from '../../../src/mapping/workload/layer.js';
import { assetBytes } from '../../support/environment.js';
import { readNetwork } from '../networks.js';
import { accelerator, convolution, matrixProduct, memory, port } from '../examples.js';

/** An array whose operands have memories of their own, so that it matters which is which. */
const CHIP = {
  name: 'chip',
  cores: [
    accelerator({ D1: 4, D2: 2 }, [
      memory('weights', 32, ['I2'], [], port('read', 8, 'I2 tl'), port('write', 8, 'I2 fh')),
      memory(
        'sram',
        1e6,
        ['I1', 'I2', 'O'],
        ['D1', 'D2'],
        port('read', 64, 'I1 tl', 'I2 tl', 'O tl', 'O th'),
        port('write', 64, 'I1 fh', 'I2 fh', 'O fl', 'O fh'),
      ),
    ]),
  ],
  connections: [],
};

/** Layers that are alike in all but one thing that a search reads. */
const layers = fc
  .record({
    layer: fc.constantFrom(
      convolution(4, 4, 4, 3, 1),
      convolution(4, 4, 4, 3, 2),
      matrixProduct(8, 8, 6),
    ),
    finalPrecision: fc.constantFrom(8, 16),
    precision: fc.constantFrom(8, 16),
    swapped: fc.boolean(),
    touched: fc.constantFrom(undefined, 2),
  })
  .map(({ layer, finalPrecision, precision, swapped, touched }): Layer => {
    const names = layer.inputs.map(({ name }) => name);
    if (swapped) names.reverse();
    const { output, inputs, relations } = layer;
    return {
      ...layer,
      output: { ...output, finalPrecision },
      inputs: inputs.map((input, i) => ({ ...input, name: names[i], precision })),
      relations: relations.map((relation) => ({ ...relation, size: touched ?? relation.size })),
    };
  });

async function map(all: readonly Layer[]): Promise<MappedLayer[]> {
  const network = { layers: all, uses: all.map(() => []) };
  return mapNetwork(network, [], CHIP, [FREE], { objective: 'energy', lpfLimit: 4 });
}

describe('a network that is mapped', () => {
  it('has layers that cost what each costs alone, whatever the others are', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(layers, { minLength: 2, maxLength: 5 }), async (all) => {
        const together = await map(all);
        for (const [index, layer] of all.entries()) {
          const [alone] = await map([layer]);
          assert.deepEqual(together[index].mapping, alone.mapping);
        }
      }),
    );
  });
});

/** Hardware of the project, and the mapping beside it. */
async function shipped(name: string) {
  const text = async (file: string) =>
    new TextDecoder().decode(await assetBytes(`hardware/${file}`));
  const files = new Map<string, string>();
  for (const file of ['cores/main-array.yaml', 'cores/side-array.yaml']) {
    files.set(file, await text(file));
  }
  const platform = readHardware(name, await text(`${name}.yaml`), (path) => files.get(path));
  return { platform, rules: readMapping(name, await text(`${name}.mapping.yaml`)) };
}

/** Maps a layer of 16 x 16 pixels, of which some are active. */
async function mapActive(
  layer: Layer,
  active: number,
  platform: Platform,
  rules: Parameters<typeof mapNetwork>[3],
  options: SearchOptions,
): Promise<MappedLayer> {
  const pixels = blobs(16, 16, active, 1);
  const network = { layers: [layer], uses: [[]] };
  const [mapped] = await mapNetwork(network, [{ pixels, read: pixels }], platform, rules, options);
  return mapped;
}

describe('a layer on a list of pixels', () => {
  const channels = fc.constantFrom(3, 16, 24, 40, 64);
  const layers = fc
    .tuple(channels, channels, fc.constantFrom(1, 3))
    .map(([k, c, kernel]) => convolution(k, c, 16, kernel, 1));
  const count = fc.integer({ min: 1, max: 256 });

  it('never costs more than with more pixels, on hardware of the project and on a small array', async function () {
    this.timeout(120_000);
    const { platform: one, rules } = await shipped('one-array');
    const { platform: two } = await shipped('two-arrays');
    const chips = [
      { platform: one, rules },
      { platform: one, rules: [FREE] },
      { platform: two, rules: [FREE] },
      { platform: CHIP, rules: [FREE] },
    ];
    await fc.assert(
      fc.asyncProperty(
        layers,
        fc.tuple(count, count),
        fc.constantFrom(...chips),
        fc.constantFrom(...OBJECTIVES),
        async (layer, [a, b], { platform, rules }, objective) => {
          const options = { objective, lpfLimit: 5 };
          const [fewer, more] = await Promise.all(
            [Math.min(a, b), Math.max(a, b)].map((n) =>
              mapActive(layer, n, platform, rules, options),
            ),
          );
          assert.isAtMost(score(fewer, objective), score(more, objective) * (1 + 1e-9));
          assert.equal(fewer.macs, (macs(layer) / 256) * Math.min(a, b));
          const pes = peCount(platform.cores[fewer.core].array);
          assert.closeTo(fewer.utilization * pes * fewer.latency, fewer.macs, 1e-6 * fewer.macs);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is as cheap with a prime number of pixels as with the next that has factors', async () => {
    const { platform, rules } = await shipped('one-array');
    const layer = convolution(32, 16, 16, 3, 1);
    const [prime, next] = await Promise.all(
      [109, 110].map((n) => mapActive(layer, n, platform, rules, { objective: 'latency' })),
    );
    assert.equal(prime.latency, next.latency);
    assert.isBelow(prime.energy, next.energy);
  });

  it('has the spatial mapping that loses the least to idle neighbours', async () => {
    const { platform } = await shipped('one-array');
    const layer = convolution(96, 24, 16, 1, 1);
    const options = { objective: 'latency', lpfLimit: 6 } as const;
    const mapped = await mapActive(layer, 32, platform, [FREE], options);
    // 96 outputs of 24 inputs take 3 cycles a pixel on 32 x 32 PEs. Tiles of 16 neighbours, which suit the
    // whole map as well, would be as good as all of it.
    assert.isAtMost(mapped.latency, 3 * 32 * 1.5);
  });
});

describe('masks that keep every pixel', () => {
  it('cost nothing', async function () {
    this.timeout(60_000);
    const { platform, rules } = await shipped('two-arrays');
    const network = await readNetwork('models/fixtures/mobilenetv2-hourglass/graph');
    const masks = Object.fromEntries(
      network.layers.filter(({ type }) => type === 'Decision').map(({ name }) => [name, 1]),
    );
    const activity = activityOf(network, { ...NO_DENSITIES, masks });
    assert.isAbove(activity.filter((own) => own !== undefined).length, 10);
    const options = { objective: 'latency', lpfLimit: 4 } as const;
    const [masked, dense] = await Promise.all(
      [activity, []].map((own) => mapNetwork(network, own, platform, rules, options)),
    );
    assert.deepEqual(masked, dense);
  });

  it('are as good as the dense mapping where that is better than a list', async () => {
    const { platform, rules } = await shipped('one-array');
    const layer = convolution(32, 16, 16, 3, 1);
    const options = { objective: 'latency' } as const;
    const [almost, all] = await Promise.all(
      [255, 256].map((n) => mapActive(layer, n, platform, rules, options)),
    );
    assert.deepEqual(almost.mapping, all.mapping);
    assert.deepEqual(almost.overhead, { latency: 0, energy: 0 });
    assert.equal(almost.latency, all.latency);
    assert.isBelow(almost.utilization, all.utilization);
  });
});
