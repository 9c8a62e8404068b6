import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas, loadImage, type Canvas, type Image } from '@napi-rs/canvas';
import { expect } from 'chai';
import { inferno } from '../../cli/src/pose/colours.js';
import { computationMap } from '../../cli/src/pose/computation-map.js';
import { stretchedMap } from '../../cli/src/pose/heatmaps.js';
import type { FoundJoint } from '../../cli/src/pose/joints.js';
import { groupLayers, sumGroups } from '../../cli/src/pose/layer-groups.js';
import { readPhotograph } from '../../cli/src/pose/photograph.js';
import { drawOverview, drawPicture } from '../../cli/src/pose/picture.js';
import type { PanelsContent } from '../../cli/src/pose/panels.js';
import { SIDE_COLOURS } from '../../cli/src/pose/skeleton.js';
import { formatTable, percent } from '../../cli/src/table.js';
import type { LayerProfile } from '../../src/index.js';
import { useTemporaryFolder } from './temporary-folder.js';

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
    denseMilliseconds: 2,
    theoreticalGain: 4,
    measuredGain: 2,
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

  it('follow the levels of a single hourglass', () => {
    const layers = [
      'm/stem_conv/Conv2D_weights',
      'm/stack1_level3_up_expand/Conv2D_weights',
      'm/stack1_level3_low1_conv1/Conv2D_weights',
      'm/stack1_level2_low3_mask_conv/Conv2D/ReadVariableOp',
      'm/stack1_level3_low3_depthwise/depthwise_weights',
      'm/stack1_residual_expand/Conv2D_weights',
      'm/stack1_score/Conv2D/ReadVariableOp',
    ].map(named);
    const groups = groupLayers(layers, nameOf);
    expect(groups.map(({ name, convolutions }) => `${name}: ${convolutions}`)).to.deep.equal([
      'stem: 1',
      'level 3: 3',
      'level 2: 1',
      'head: 2',
    ]);
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
});

describe('the picture', () => {
  const temporary = useTemporaryFolder();

  /** The panels of a grey photograph of 64x48 pixels for an input of 32x32, bars above and below. */
  async function panelsOf(skeleton?: Record<string, FoundJoint>): Promise<PanelsContent> {
    const grey = createCanvas(64, 48);
    grey.getContext('2d').fillStyle = '#808080';
    grey.getContext('2d').fillRect(0, 0, 64, 48);
    const file = join(temporary.path, 'grey.png');
    writeFileSync(file, grey.toBuffer('image/png'));
    return {
      photo: await readPhotograph(file, 32, 32),
      skeleton,
      computation: { height: 2, width: 2, counts: new Float32Array(4), convolutions: 3 },
      times: [
        { name: 'wasm', way: 'wasm', milliseconds: 10 },
        { name: 'dynconv', way: 'dynconv', milliseconds: 5 },
      ],
      work: ['Half of it.'],
    };
  }

  async function draw(skeleton?: Record<string, FoundJoint>): Promise<Canvas> {
    const png = drawPicture({
      title: 'A network',
      subtitle: 'a.jpg',
      panels: await panelsOf(skeleton),
      heatmaps: { height: 2, width: 2, joints: 20, values: new Float32Array(80) },
      joints: Array.from({ length: 20 }, (_, i) => `joint ${i}`),
      notes: ['A note.'],
    });
    const image = await loadImage(png);
    const canvas = createCanvas(image.width, image.height);
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas;
  }

  function colourAt(canvas: Canvas, [left, top]: readonly [number, number]): string {
    const { data } = canvas.getContext('2d').getImageData(left, top, 1, 1);
    return `#${Buffer.from(data.slice(0, 3)).toString('hex')}`;
  }

  /** Where a pixel of the photograph is in the picture: its panel is 384x384, with bars of 48. */
  const inPanel = (x: number, y: number): [number, number] => [32 + 6 * x, 134 + 48 + 6 * y];

  it('is a PNG', async () => {
    const picture = await draw();
    expect(picture.width).to.equal(1264);
    expect(picture.height).to.be.greaterThan(500);
    expect(colourAt(picture, inPanel(32, 24))).to.equal('#808080');
    expect(colourAt(picture, inPanel(32, -4))).to.equal('#000000');
  });

  it('has limbs between the joints that were found, in the colours of their sides', async () => {
    const found = (x: number, y: number): FoundJoint => ({ found: true, x, y, score: 1 });
    const picture = await draw({
      thorax: found(32, 10),
      pelvis: found(32, 40),
      right_shoulder: found(12, 10),
      left_shoulder: found(52, 10),
      left_elbow: { found: false, score: 0.1 },
      left_wrist: found(52, 40),
    });
    expect(colourAt(picture, inPanel(32, 25))).to.equal(SIDE_COLOURS.middle);
    expect(colourAt(picture, inPanel(22, 10))).to.equal(SIDE_COLOURS.right);
    expect(colourAt(picture, inPanel(42, 10))).to.equal(SIDE_COLOURS.left);
    expect(colourAt(picture, inPanel(52, 40))).to.equal(SIDE_COLOURS.left);
    expect(colourAt(picture, inPanel(52, 25))).to.equal('#808080');
  });

  it('has the outline of a torso where the joints are those of COCO', async () => {
    const found = (x: number, y: number): FoundJoint => ({ found: true, x, y, score: 1 });
    const picture = await draw({
      nose: { found: false, score: 0 },
      right_shoulder: found(12, 10),
      left_shoulder: found(52, 10),
      right_hip: found(12, 40),
      left_hip: found(52, 40),
    });
    expect(colourAt(picture, inPanel(32, 10))).to.equal(SIDE_COLOURS.middle);
    expect(colourAt(picture, inPanel(12, 25))).to.equal(SIDE_COLOURS.right);
    expect(colourAt(picture, inPanel(32, 25))).to.equal('#808080');
  });

  it('compares times by bars', async () => {
    const picture = await draw();
    const [left, top] = [32 + 2 * (384 + 24), 134 + 22 + 5];
    const white = '#ffffff';
    expect(colourAt(picture, [left + 380, top])).not.to.equal(white);
    expect(colourAt(picture, [left + 190, top + 76])).not.to.equal(white);
    expect(colourAt(picture, [left + 195, top + 76])).to.equal(white);
  });

  it('shows several predictions beneath one another', async () => {
    const panels = await panelsOf();
    const draw = (...names: string[]): Promise<Image> => {
      const rows = names.map((name) => ({ name, panels }));
      return loadImage(drawOverview({ title: 'A network', subtitle: '', rows, notes: [] }));
    };
    const one = await draw('a.jpg');
    const two = await draw('a.jpg', 'b.jpg');
    expect(two.width).to.equal(one.width);
    expect(two.height - one.height).to.be.greaterThan(384);
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
