import { expect } from 'chai';
import { macs } from '../../../src/mapping/workload/layer.js';
import type { Network } from '../../../src/mapping/workload/network.js';
import { parseTfjsNetwork } from '../../../src/mapping/workload/tfjs/tfjs-network.js';
import { readNetwork } from '../networks.js';

/** What a network's layers compute, whatever they are called. */
function shapes({ layers }: Network): string[] {
  return layers.map(
    ({ type, loops }) => `${type} ${loops.map(({ dim, size }) => dim + String(size))}`,
  );
}

describe('converted models as workloads', () => {
  it('are read: the published network, whose blocks have the published operations', async () => {
    const { layers } = await readNetwork('models/mobilenetv2-hourglass-s0125');
    const counts = new Map<string, number>();
    for (const { type } of layers) counts.set(type, (counts.get(type) ?? 0) + 1);
    expect(Object.fromEntries(counts)).to.deep.equal({
      Conv: 133,
      DepthwiseConv: 59,
      Decision: 57,
      MaxPool: 17,
      Add: 79,
    });
    const dynamic = layers.filter(
      ({ name }) => /expand|depthwise|project/.test(name) && !/stem_block[12]/.test(name),
    );
    const conditional = dynamic.reduce((sum, layer) => sum + macs(layer), 0);
    expect(conditional).to.equal(6_157_430_784);
  });

  for (const name of [
    'mobilenetv2-hourglass',
    'resnet-basic-hourglass',
    'resnet-bottleneck-hourglass',
  ]) {
    it(`are the same as a graph model and as a layers model: ${name}`, async () => {
      const graph = await readNetwork(`models/fixtures/${name}/graph`);
      const layers = await readNetwork(`models/fixtures/${name}/layers`);
      expect(shapes(graph).sort()).to.deep.equal(shapes(layers).sort());
    });
  }

  it('ask for the shape of an input that the model leaves open', () => {
    const model = {
      modelTopology: {
        node: [
          {
            name: 'x',
            op: 'Placeholder',
            attr: {
              shape: {
                shape: { dim: [{ size: '1' }, { size: '-1' }, { size: '8' }, { size: '3' }] },
              },
            },
          },
          { name: 'w', op: 'Const' },
          {
            name: 'y',
            op: 'Conv2D',
            input: ['x', 'w'],
            attr: { strides: { list: { i: ['1', '2', '2', '1'] } }, padding: { s: 'U0FNRQ==' } },
          },
        ],
      },
      weightsManifest: [
        { paths: [], weights: [{ name: 'w', shape: [3, 3, 3, 4], dtype: 'float32' }] },
      ],
    };
    const text = JSON.stringify(model, null, 1);
    expect(() => parseTfjsNetwork('model.json', text)).to.throw(
      /^model\.json:\d+: x: the input \[1,-1,8,3\] is open/,
    );
    const { layers } = parseTfjsNetwork('model.json', text, { inputShapes: { x: [1, 8, 8, 3] } });
    expect(layers).to.have.length(1);
    expect(layers[0].relations[0]).to.include({ dim: 'IX', size: 8 });
    expect(layers[0].relations[0].padding).to.deep.equal([0, 1]);
  });

  it('say the line of what is wrong', () => {
    const text = '{\n "modelTopology": {\n  "node": [\n   {"name": 7, "op": "Const"}\n  ]\n }\n}';
    expect(() => parseTfjsNetwork('model.json', text)).to.throw(
      /^model\.json:4: modelTopology\.node\.0\.name/,
    );
    expect(() => parseTfjsNetwork('model.json', '{"a":\n')).to.throw(
      /^model\.json:2: expected the JSON/,
    );
  });
});
