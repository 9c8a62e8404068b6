import { expect } from 'chai';
import fc from 'fast-check';
import { activeLayer, tileOf } from '../../../src/mapping/dynamic/active-layer.js';
import { activityOf } from '../../../src/mapping/dynamic/activity.js';
import { blobs } from '../../../src/mapping/dynamic/blobs.js';
import { NO_DENSITIES, parseDensities } from '../../../src/mapping/dynamic/densities.js';
import { Mask } from '../../../src/mapping/dynamic/mask.js';
import { findRegions } from '../../../src/mapping/dynamic/regions.js';
import { loopSize, macs, type Layer } from '../../../src/mapping/workload/layer.js';
import type { Network } from '../../../src/mapping/workload/network.js';
import { convolution, DEFAULT_PRECISION } from '../../../src/mapping/workload/operators.js';
import { assetBytes } from '../../support/environment.js';
import { readNetwork } from '../networks.js';

const window3 = {
  kernel: [3, 3],
  strides: [2, 1],
  dilations: [1, 2],
  before: [1, 2],
  input: [12, 7],
} as const;

const anyMask = fc
  .array(fc.boolean(), { minLength: 42, maxLength: 42 })
  .map((bits) => new Mask(6, 7, Uint8Array.from(bits, Number)));

describe('masks', () => {
  it('dilate to what a window reads, as a loop over all pairs of pixels finds it', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const dilated = mask.dilate(window3);
        for (let iy = 0; iy < 12; iy++) {
          for (let ix = 0; ix < 7; ix++) {
            const read = Array.from(mask.bits).some((bit, pixel) => {
              const [y, x] = [Math.floor(pixel / 7), pixel % 7];
              const [ky, kx] = [iy - (2 * y - 1), ix - (x - 2)];
              return bit && ky >= 0 && ky < 3 && kx >= 0 && kx <= 4 && kx % 2 === 0;
            });
            expect(dilated.bits[iy * 7 + ix]).to.equal(read ? 1 : 0);
          }
        }
      }),
    );
  });

  it('in blobs have the asked number of pixels, and grow', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(9), (a, b, seed) => {
        const [less, more] = [a, b].sort((x, y) => x - y).map((n) => blobs(20, 10, n, seed));
        expect(less.active).to.equal(Math.min(a, b));
        expect(less.bits.every((bit, i) => bit <= more.bits[i])).to.equal(true);
      }),
    );
  });
});

describe('a layer on active pixels', () => {
  const layer = convolution(
    { name: 'c', type: 'Conv', sources: [[]], precision: DEFAULT_PRECISION },
    {
      batch: 1,
      groups: 1,
      inChannels: 8,
      outChannels: 16,
      input: [6, 7],
      output: [6, 7],
      window: {
        kernel: [3, 3],
        strides: [1, 1],
        dilations: [1, 1],
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
    },
  );

  it('loses nothing unrolled over channels, and idle neighbours over pixels', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        fc.pre(mask.active > 0);
        const channels = [
          { dimension: 'D1', unrollings: [{ dim: 'K', factor: 16 }] },
          { dimension: 'D2', unrollings: [{ dim: 'C', factor: 8 }] },
        ];
        const exact = activeLayer(layer, tileOf(channels), mask.active, mask.active);
        expect(macs(exact)).to.equal((macs(layer) * mask.active) / 42);
        const pixels = [
          { dimension: 'D1', unrollings: [{ dim: 'OX', factor: 2 }] },
          { dimension: 'D2', unrollings: [{ dim: 'OY', factor: 3 }] },
        ];
        const tile = tileOf(pixels);
        const tiles = mask.tiles(tile.rows, tile.columns);
        const tiled = activeLayer(layer, tile, tiles, mask.active);
        const computed = loopSize(tiled, 'OX') * loopSize(tiled, 'OY');
        expect(computed).to.equal(mask.tiles(3, 2) * 6);
        expect(computed).to.be.at.least(mask.active);
      }),
    );
  });
});

describe('what a network computes', () => {
  it('follows masks back through a block, and the published shares', async () => {
    const net = await readNetwork('models/mobilenetv2-hourglass-s0125');
    const published = JSON.parse(
      new TextDecoder().decode(
        await assetBytes('models/mobilenetv2-hourglass-s0125/published.json'),
      ),
    ) as { blocks: { name: string; executedMacsPercent: number }[] };
    const masks = Object.fromEntries(
      published.blocks.map(({ name, executedMacsPercent }) => {
        const decision = net.layers.find((layer) => layer.name.includes(`/${name}_mask_conv/`));
        return [decision!.name, { executed: executedMacsPercent / 100 }];
      }),
    );
    const activity = activityOf(net, { ...NO_DENSITIES, masks });
    let [executed, total] = [0, 0];
    net.layers.forEach((layer, index) => {
      const own = activity[index];
      if (!own || layer.type === 'Add') return;
      total += macs(layer);
      executed += macs(layer) * own.pixels.density;
    });
    // 15.95 % by the rounded percentages that are published, block by block.
    expect(executed / total).to.be.closeTo(0.1595, 0.002);
  });

  for (const name of ['mobilenetv2-dynamic-b025', 'resnet-dynamic-b025']) {
    it(`is behind a mask as ${name}, whose logits are sums, was trained to be`, async () => {
      const folder = `models/trained/${name}`;
      const net = await readNetwork(folder);
      const { figures } = JSON.parse(
        new TextDecoder().decode(await assetBytes(`${folder}/dynconv.json`)),
      ) as { figures: { conditionalMacs: number; maskDensities: Record<string, number> } };
      const decisions = net.layers
        .filter(({ type }) => type === 'Decision')
        .map(({ name }) => name);
      for (const mask of Object.keys(figures.maskDensities)) {
        expect(decisions.filter((layer) => layer.includes(`/${mask}_conv/`))).to.have.length(1);
      }
      expect(decisions).to.have.length(Object.keys(figures.maskDensities).length);
      const regions = findRegions(net);
      const conditional = net.layers.reduce(
        (sum, layer, index) => sum + (regions[index] && layer.type !== 'Add' ? macs(layer) : 0),
        0,
      );
      expect(conditional).to.equal(figures.conditionalMacs);
    });
  }

  it('ends where somebody needs every pixel', async () => {
    const net = await readNetwork('models/fixtures/resnet-bottleneck-hourglass/layers');
    const regions = findRegions(net);
    const names = (windows: number) =>
      net.layers
        .filter(({ type }, index) => type !== 'Add' && regions[index]?.windows.length === windows)
        .map(({ name }) => /conv\d/.exec(name)?.[0]);
    // 1x1, 3x3, 1x1: the first sees the mask through both that follow.
    expect(new Set(names(0))).to.deep.equal(new Set(['conv3']));
    expect(new Set(names(1))).to.deep.equal(new Set(['conv2']));
    expect(new Set(names(2))).to.deep.equal(new Set(['conv1']));
    expect(names(0)).to.have.length(17);
  });
});

describe('a file of densities', () => {
  const layers: Layer[] = [
    convolution(
      { name: 'a', type: 'Conv', sources: [[]], precision: DEFAULT_PRECISION },
      {
        batch: 1,
        groups: 1,
        inChannels: 1,
        outChannels: 1,
        input: [2, 3],
        output: [2, 3],
        window: {
          kernel: [1, 1],
          strides: [1, 1],
          dilations: [1, 1],
          padding: [
            [0, 0],
            [0, 0],
          ],
        },
      },
    ),
  ];
  const network: Network = { layers, uses: [[]] };
  const file = (content: unknown) =>
    JSON.stringify({ format: 'dynconv-densities', ...Object(content) }, null, 1);

  it('gives shares and recorded masks', () => {
    const bitmap = { rows: 2, columns: 3, pixels: ['010', '110'] };
    const densities = parseDensities('d.json', file({ layers: { a: bitmap } }), network);
    const [activity] = activityOf(network, densities);
    expect(activity?.pixels.active).to.equal(3);
    expect(activity?.pixels.perRow()).to.deep.equal([1, 2]);
  });

  it('is refused for a mask that no layer waits for', () => {
    for (const a of [0.5, { executed: 0.5 }]) {
      expect(() => parseDensities('d.json', file({ masks: { a } }), network)).to.throw(
        /^d\.json:4: masks\.a: no layer waits for its mask: say under layers /,
      );
    }
  });

  it('is refused by line', () => {
    expect(() => parseDensities('d.json', file({ layers: { b: 0.5 } }), network)).to.throw(
      /^d\.json:\d+: layers: the network has no layer b/,
    );
    expect(() => parseDensities('d.json', file({ layers: { a: 1.5 } }), network)).to.throw(
      /^d\.json:\d+: /,
    );
    const other = { rows: 3, columns: 3, pixels: ['010', '110', '111'] };
    expect(() => parseDensities('d.json', file({ layers: { a: other } }), network)).to.throw(
      /^d\.json:\d+: layers\.a: 3x3 pixels, but the layer has 2x3/,
    );
  });
});
