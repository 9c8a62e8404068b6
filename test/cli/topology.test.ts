import { expect } from 'chai';
import { checkGraph } from '../../cli/src/topology/graph.js';
import { checkLayers } from '../../cli/src/topology/layers.js';
import { UserError } from '../../cli/src/user-error.js';

type Call = [layer: string, call: number, output: number][];

describe('the topology of a graph model', () => {
  const node = (name: string, ...input: string[]): object => ({ name, op: 'AddV2', input });
  const check = (...nodes: object[]): void => {
    checkGraph('model.json', { node: nodes });
  };

  it('may name inputs with outputs, and those that only the order counts of', () => {
    check(node('a'), node('c', 'b:out:1', 'a:0'), node('b', '^a'));
  });

  const broken: [what: string, nodes: object[], message: string][] = [
    ['is empty', [], 'describes no graph'],
    ['has a node without an operation', [{ name: 'a' }], 'node.0.op'],
    ['has two nodes of a name', [node('a'), node('a')], 'two nodes called a'],
    ['lacks a node', [node('a', 'b:0')], 'a reads b'],
    ['has a node that reads itself', [node('a', 'a')], 'graphs with loops'],
    ['has a loop', [node('a'), node('b', 'a', 'd'), node('c', 'b'), node('d', '^c')], 'b lies on'],
  ];
  for (const [what, nodes, message] of broken) {
    it(`is refused when it ${what}`, () => {
      expect(() => {
        check(...nodes);
      }).to.throw(UserError, message);
    });
  }
});

describe('the topology of a layers model', () => {
  const layer = (name: string, ...calls: Call[]): object => ({
    class_name: calls.length === 0 ? 'InputLayer' : 'Activation',
    name,
    config: { name },
    inbound_nodes: calls,
  });
  const model = (name: string, layers: object[], ...calls: Call[]): object => ({
    class_name: 'Functional',
    name,
    config: { name, layers },
    inbound_nodes: calls,
  });
  const check = (...layers: object[]): void => {
    checkLayers('model.json', { model_config: model('all', layers) });
  };

  it('may share layers, and have models among its layers', () => {
    check(
      layer('in'),
      // Called on the input, and then on what was made of that.
      layer('twice', [['in', 0, 0]], [['other', 0, 0]]),
      layer('other', [['twice', 0, 0]]),
      // A model has been called once, on its own inputs, before it is called here.
      model('inner', [layer('a'), layer('b', [['a', 0, 0]])], [['twice', 1, 0]]),
      layer('last', [['inner', 1, 0]]),
    );
  });

  it('may be a sequence', () => {
    const layers = [{ class_name: 'Conv2D', config: { filters: 2 } }];
    checkLayers('model.json', { class_name: 'Sequential', config: { layers } });
    checkLayers('model.json', { class_name: 'Sequential', config: layers });
  });

  const broken: [what: string, layers: object[], message: string][] = [
    [
      'has a loop',
      [
        layer('in'),
        layer('a', [
          ['in', 0, 0],
          ['b', 0, 0],
        ]),
        layer('b', [['a', 0, 0]]),
      ],
      'a/0 lies on a loop',
    ],
    ['reads a call that there is not', [layer('in'), layer('a', [['in', 1, 0]])], 'reads in/1'],
    ['lacks a layer', [layer('in'), layer('a', [['b', 0, 0]])], 'a/0 reads b/0'],
    ['has two layers of a name', [layer('in'), layer('in')], 'two layers called in'],
    ['has a layer with two names', [{ ...layer('in'), name: 'out' }], 'calls itself in'],
    ['has calls as Keras 3 writes them', [{ ...layer('in'), inbound_nodes: [{}] }], 'as Keras 2'],
    [
      'holds a model with a loop',
      [layer('in'), model('inner', [layer('a', [['a', 0, 0]])], [['in', 0, 0]])],
      'a/0 lies on a loop',
    ],
  ];
  for (const [what, layers, message] of broken) {
    it(`is refused when it ${what}`, () => {
      expect(() => {
        check(...layers);
      }).to.throw(UserError, message);
    });
  }
});
