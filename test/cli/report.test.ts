import { createCanvas, loadImage } from '@napi-rs/canvas';
import { expect } from 'chai';
import { inferno } from '../../src/cli/colours.js';
import { computationMap } from '../../src/cli/computation-map.js';
import { peak, stretchedMap } from '../../src/cli/heatmaps.js';
import { groupLayers, sumGroups } from '../../src/cli/layer-groups.js';
import { drawPicture } from '../../src/cli/picture.js';
import { formatTable, percent } from '../../src/cli/table.js';
import type { LayerProfile } from '../../src/index.js';

function layer(height: number, computed: number[], filter: object | undefined): LayerProfile {
  const active = computed.filter((times) => times > 0).length;
  return {
    name: filter ? 'FusedConv2D' : 'MaxPool',
    variant: 'wasm',
    inputShapes: [],
    outputShape: [1, height, computed.length / height, 1],
    macs: { total: computed.length, executed: active },
    pixels: { total: computed.length, active },
    milliseconds: 1,
    filter,
    computed: Uint8Array.from(computed),
  };
}

describe('layer groups', () => {
  const names = new Map<object, string>();
  const named = (name: string): LayerProfile => {
    const filter = {};
    names.set(filter, name);
    return layer(1, [1, 0], filter);
  };
  const nameOf = (filter: object): string | undefined => names.get(filter);

  it('follow the names of a stacked network; a pooling goes with what is before it', () => {
    const layers = [
      named('m/stem_block1_expand/kernel'),
      layer(1, [1], undefined),
      named('m/stack1_fc/kernel'),
      named('m/stack_2/score'),
      named('m/Stack2_up'),
      named('m/stackoverflow'),
    ];
    const groups = groupLayers(layers, nameOf);
    expect(groups.map(({ name, convolutions }) => `${name}: ${convolutions}`)).to.deep.equal([
      'stem: 1',
      'stack 1: 1',
      'stack 2: 2',
      'other: 1',
    ]);
    expect(groups[0].milliseconds).to.equal(2);
    expect(groups[0].pixels).to.deep.equal({ total: 2, active: 1 });
    expect(sumGroups('all', groups).macs).to.deep.equal({ total: 10, executed: 5 });
  });

  it('follow the first folder that differs in any other network', () => {
    const layers = [named('net/a/kernel'), named('net/a/depth'), named('net/b/kernel')];
    expect(groupLayers(layers, nameOf).map(({ name }) => name)).to.deep.equal(['a', 'b']);
    expect(groupLayers([layer(1, [1], {})], nameOf).map(({ name }) => name)).to.deep.equal([
      'layers',
    ]);
    expect(groupLayers([], nameOf)).to.deep.equal([]);
  });
});

describe('the computation map', () => {
  it('counts on the finest grid that was skipped on', () => {
    const map = computationMap(
      [
        layer(4, Array<number>(16).fill(1), {}),
        layer(2, [1, 0, 0, 1], {}),
        layer(1, [1], {}),
        layer(2, [1, 1, 1, 1], undefined),
      ],
      [8, 8],
    );
    expect([map.height, map.width, map.convolutions]).to.deep.equal([2, 2, 3]);
    expect([...map.counts]).to.deep.equal([3, 2, 2, 3]);
  });

  it('has the given grid when nothing was skipped', () => {
    const map = computationMap([layer(1, [1, 1], {})], [2, 4]);
    expect([...map.counts]).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 1]);
  });
});

describe('heatmaps', () => {
  const maps = {
    height: 2,
    width: 2,
    joints: 2,
    values: Float32Array.from([0, 5, 1, 5, 4, 5, 2, 5]),
  };

  it('are stretched joint by joint', () => {
    expect([...stretchedMap(maps, 0)]).to.deep.equal([0, 0.25, 1, 0.5]);
    expect([...stretchedMap(maps, 1)]).to.deep.equal([0, 0, 0, 0]);
  });

  it('have a peak in shares of the picture', () => {
    expect(peak(maps, 0)).to.deep.equal({ score: 4, x: 0.25, y: 0.75 });
  });
});

describe('the picture', () => {
  it('is a PNG', async () => {
    const computation = { height: 2, width: 2, counts: new Float32Array(4), convolutions: 3 };
    const png = drawPicture({
      title: 'A network',
      subtitle: 'a.jpg',
      photo: createCanvas(32, 24),
      heatmaps: { height: 2, width: 2, joints: 20, values: new Float32Array(80) },
      joints: Array.from({ length: 20 }, (_, i) => `joint ${i}`),
      computation,
      notes: ['A note.'],
    });
    const image = await loadImage(png);
    expect(image.width).to.equal(1264);
    expect(image.height).to.be.greaterThan(500);
  });

  it('has colours from black to bright yellow', () => {
    expect(inferno(-1)).to.deep.equal([0, 0, 4]);
    expect(inferno(2)).to.deep.equal([252, 255, 164]);
    expect(inferno(0.5)[0]).to.be.within(133, 203);
  });
});

describe('a table', () => {
  it('is as wide as its cells', () => {
    const table = formatTable(
      ['name', 'ms'],
      [
        ['a', '1.0'],
        ['longer', '10.0'],
      ],
    );
    expect(table).to.equal('name      ms\n------  ----\na        1.0\nlonger  10.0');
  });

  it('shows shares', () => {
    expect(percent(1, 8)).to.equal('12.5 %');
    expect(percent(0, 0)).to.equal('-');
  });
});
