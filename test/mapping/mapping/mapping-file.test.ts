import { assert } from 'chai';
import { InputError, mapNetwork, readMapping, ruleFor } from '../../../src/mapping/index.js';
import { accelerator, matrixProduct, memory, port } from '../examples.js';

const ALL_ACCESSES = ['I1 tl', 'I1 fh', 'I2 tl', 'I2 fh', 'O tl', 'O fl', 'O th', 'O fh'];

const RULES = `- name: default
  spatial_mapping:
    D1:
      - K, 32
    D2: ["C, 4", "FX, 3"]
  memory_operand_links: {O: O, W: I2, I: I1}
- name: Gemm
  spatial_mapping_hint:
    D1: [K, D]
  temporal_ordering:
    - [OX, 112]
    - ["*", "*"]
    - [K, "*"]
- name: product
`;

describe('a mapping in ZigZag’s format', () => {
  it('is read with all that it says', () => {
    const [general, gemm] = readMapping('m.yaml', RULES);
    assert.deepEqual(general.spatialMapping, [
      { dimension: 'D1', unrollings: [{ dim: 'K', factor: 32 }] },
      {
        dimension: 'D2',
        unrollings: [
          { dim: 'C', factor: 4 },
          { dim: 'FX', factor: 3 },
        ],
      },
    ]);
    assert.deepEqual(gemm.hints, { D1: ['K', 'D'] });
    assert.deepEqual(gemm.links, { O: 'O', W: 'I2', I: 'I1' });
    assert.deepEqual(gemm.ordering, { inner: [{ dim: 'OX', size: 112 }], outer: [{ dim: 'K' }] });
  });

  it('goes by a layer’s name before its operator before the default', () => {
    const rules = readMapping('m.yaml', RULES);
    const layer = matrixProduct(2, 3, 4);
    assert.equal(ruleFor(layer, rules).name, 'product');
    assert.equal(ruleFor({ ...layer, name: 'another' }, rules).name, 'Gemm');
    assert.equal(ruleFor({ ...layer, name: 'another', type: 'Conv' }, rules).name, 'default');
  });

  /** Reads rules for a product on an array with one dimension, D1; gives the warnings. */
  function warnings(rules: string): string[] {
    const array = { dimensions: [{ name: 'D1', size: 4 }], unitEnergy: 1, unitArea: 1 };
    const core = { name: 'a', array: { ...array, systolicDimensions: [] }, memories: [] };
    const lines: string[] = [];
    readMapping('m.yaml', rules, {
      platform: { name: 'a', cores: [core], connections: [] },
      layers: [matrixProduct(2, 3, 4)],
      warn: (problems) => {
        lines.push(...new InputError(problems).message.split('\n'));
      },
    });
    return lines;
  }

  it('warns of loops that none of the layers has which a rule serves', () => {
    const rule = (text: string) => `- name: default\n  ${text}\n- name: other\n`;
    assert.deepEqual(warnings(rule('spatial_mapping: {D1: ["K, 2"]}')), []);
    assert.deepEqual(warnings(rule('spatial_mapping_hint: {D1: [FX, K]}')), []);
    assert.deepEqual(warnings(rule('temporal_ordering: [["*", "*"], [k, "*"]]')), []);
    for (const idle of [
      'spatial_mapping: {D1: ["Q, 2"]}',
      'spatial_mapping_hint: {D1: [Q]}',
      'temporal_ordering: [["*", "*"], [Q, 2]]',
    ]) {
      assert.match(
        warnings(rule(idle)).join('; '),
        /^m\.yaml:2: default: .* found Q: it has no effect$/,
        idle,
      );
      assert.deepEqual(warnings(`- name: default\n- name: other\n  ${idle}\n`), []);
    }
  });

  it('is refused for a dimension that the array lacks, with the line', () => {
    for (const field of ['spatial_mapping: {D2: ["K, 2"]}', 'spatial_mapping_hint: {D2: [K]}']) {
      assert.throws(
        () => warnings(`- name: default\n- name: other\n  ${field}\n`),
        InputError,
        /^m\.yaml:3: other: spatial_mapping\w*: expected .* \(D1\), found D2$/,
      );
    }
  });

  it('names cores by their ids, which are looked up where the platform is known', async () => {
    const core = accelerator({ D1: 2 }, [
      memory('sram', 1e6, ['I1', 'I2', 'O'], ['D1'], port('read_write', 64, ...ALL_ACCESSES)),
    ]);
    const none = { ...core, array: { ...core.array, dimensions: [{ name: 'D1', size: 0 }] } };
    const cores = [core, { ...core, name: 'second' }, none];
    const platform = { name: 'chip', cores, coreIds: [1, 2, 4], connections: [] };
    const text = '- name: default\n  core_allocation: [2]\n- name: Add\n  core_allocation: [1]\n';
    const layer = matrixProduct(2, 3, 4);
    const use = { platform, layers: [layer], warn: () => assert.fail('nothing to warn of') };
    const rules = readMapping('m.yaml', text, use);
    const network = { layers: [layer, { ...layer, type: 'Add' }], uses: [[], []] };
    const mapped = await mapNetwork(network, [], platform, rules, { objective: 'latency' });
    assert.deepEqual(
      mapped.map((each) => each.core),
      [1, 0],
    );
    for (const id of [0, 4, 7]) {
      const other = text.replace('[1]', `[2, ${id}]`);
      const message = new RegExp(
        `m\\.yaml:4: Add: core_allocation: expected a core of 1, 2, found ${id}`,
      );
      assert.throws(() => readMapping('m.yaml', other, use), InputError, message);
      assert.doesNotThrow(() => readMapping('m.yaml', other));
    }
  });

  const wrong: [string, string, string, RegExp][] = [
    ['an unrolling that is none', 'K, 32', 'K by 32', /m\.yaml:4: .*expected loop and factor/],
    ['an unrolling by nothing', 'K, 32', 'K, 0', /m\.yaml:4: /],
    [
      'no default',
      'name: default',
      'name: other',
      /m\.yaml:1: expected a mapping with the name "default"/,
    ],
    ['a memory operand that there is not', 'W: I2', 'W: I3', /m\.yaml:6: /],
    ['a memory operand that is linked twice', 'W: I2', 'W: I1', /m\.yaml:6: .*at most once/],
    ['a key that means nothing', 'spatial_mapping_hint', 'hints', /m\.yaml:7: .*hints/],
    ['an order that is none', '[OX, 112]', '[OX, some]', /m\.yaml:1[01]: /],
  ];
  for (const [what, from, to, message] of wrong) {
    it(`is refused for ${what}, with the line`, () => {
      assert.throws(() => readMapping('m.yaml', RULES.replace(from, to)), InputError, message);
    });
  }
});
