import { assert } from 'chai';
import { InputError, readAccelerator, readHardware } from '../../../src/mapping/index.js';

const SMALL = `name: small
memories:
  registers:
    size: 64
    r_cost: 0.5
    w_cost: 1
    area: 0
    latency: 1
    operands: [O]
    ports:
      - name: rw_port_1
        type: read_write
        bandwidth_min: 16
        bandwidth_max: 16
        allocation: ["O, tl", "O, fl", "O, th", "O, fh"]
    served_dimensions: [D2]
  sram:
    size: 1_024
    r_cost: 10
    w_cost: 12
    latency: 1
    operands: [I1, I2, O]
    ports: []
    ports:
      - name: r_port_1
        type: read
        bandwidth_min: 8
        bandwidth_max: 64
        allocation: ["I1, tl", "I2, tl", "O, tl"]
      - name: w_port_1
        type: write
        bandwidth_min: 8
        bandwidth_max: 64
        allocation:
          - O, fl
    served_dimensions: [D1, D2]
    force_double_buffering: True
operational_array:
  unit_energy: 0.25
  unit_area: 1
  dimensions: [D1, D2]
  sizes: [4, 2]
  systolic_dimensions: [D1]
`;

/** The problems of a file, as `line: message`. */
function problemsOf(text: string): string[] {
  try {
    readHardware('small.yaml', text, () => undefined);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const { file } of error.problems) assert.equal(file, 'small.yaml');
    return error.problems.map(({ line, message }) => `${String(line)}: ${message}`);
  }
  return [];
}

describe('an accelerator in ZigZag’s format', () => {
  it('is read as Python reads it, with 1_024 and a key that occurs twice', () => {
    const { name, array, memories } = readAccelerator('small.yaml', SMALL);
    assert.equal(name, 'small');
    assert.deepEqual(array, {
      dimensions: [
        { name: 'D1', size: 4 },
        { name: 'D2', size: 2 },
      ],
      unitEnergy: 0.25,
      unitArea: 1,
      systolicDimensions: ['D1'],
    });
    assert.deepEqual(
      memories.map((memory) => [memory.name, memory.size, memory.readCost, memory.writeCost]),
      [
        ['registers', 64, 0.5, 1],
        ['sram', 1024, 10, 12],
      ],
    );
    assert.deepEqual(memories[1].ports[1].allocation, [{ operand: 'O', direction: 'fl' }]);
    assert.isTrue(memories[1].forceDoubleBuffering);
  });

  const wrong: [string, string, string, RegExp][] = [
    ['a value of the wrong type', 'size: 64', 'size: many', /^4: memories\.registers\.size: .*number/],
    ['a size of nothing', 'size: 64', 'size: 0', /^4: memories\.registers\.size/],
    ['a missing cost', '    r_cost: 10\n', '', /^17: memories\.sram: r_cost is missing/],
    ['a key that means nothing', 'latency: 1\n    operands: [O]', 'delay: 1\n    operands: [O]', /^3: .*delay/],
    ['an operand that there is not', 'operands: [O]', 'operands: [X]', /^9: memories\.registers\.operands\[0\]/],
    ['a dimension that the array lacks', '[D2]\n  sram', '[D7]\n  sram', /^16: .*expected some of D1, D2, found D7/],
    ['a dimension without a size', 'sizes: [4, 2]', 'sizes: [4]', /sizes: expected a size for each of D1, D2/],
    ['a write by a read port', '"O, tl"]', '"O, fl"]', /expected a write port for fl, found a read port/],
    ['an operand that nothing reads', '"I1, tl", ', '', /^24: memories\.sram: expected a port with "I1, tl"/],
    ['a width beyond the bandwidth', 'bandwidth_min: 16', 'bandwidth_min: 32', /^13: .*expected at most 16, found 32/],
    ['costs by CACTI', '    r_cost: 10\n', '    auto_cost_extraction: True\n', /^19: .*costs are not extracted/],
    ['in-memory computing', 'unit_area: 1', 'is_imc: True', /in-memory computing is not modelled/],
    ['no PEs', 'sizes: [4, 2]', 'sizes: [0, 0]', /expected a core with at least one PE/],
    ['broken YAML', 'memories:', 'memories: [', /^\d+: /],
    ['nothing', SMALL, '', /^1: /],
  ];
  for (const [what, from, to, message] of wrong) {
    it(`is refused for ${what}, with the line`, () => {
      assert.include(SMALL, from);
      const problems = problemsOf(SMALL.replace(from, to));
      assert.isTrue(
        problems.some((problem) => message.test(problem)),
        `${String(message)} in ${problems.join('\n')}`,
      );
    });
  }

  it('tells of all problems at once', () => {
    const text = SMALL.replace('size: 64', 'size: few').replace('sizes: [4, 2]', 'sizes: none');
    assert.lengthOf(problemsOf(text), 2);
  });
});

describe('several cores in Stream’s format', () => {
  const PLATFORM = `name: chip
cores:
  0: small.yaml
  1: ./other/small.yaml
  4: offchip.yaml
offchip_core_id: 4
unit_energy_cost: 2
core_connectivity:
  - type: bus
    cores: [0, 1, 4]
    bandwidth: 128
  - {cores: [0, 1], bandwidth: 64, unit_energy_cost: 1}
`;
  const files: Record<string, string> = {
    'cores/small.yaml': SMALL,
    './other/small.yaml': SMALL.replace('name: small', 'name: other'),
    'offchip.yaml': SMALL.replace('name: small', 'name: offchip').replace('[4, 2]', '[0, 0]'),
  };

  it('are read from the files that it names', () => {
    const platform = readHardware('chip.yaml', PLATFORM, (path) => files[path]);
    assert.deepEqual(
      platform.cores.map(({ name }) => name),
      ['small', 'other', 'offchip'],
    );
    assert.deepEqual(platform.coreIds, [0, 1, 4]);
    assert.equal(platform.offchip, 2);
    assert.deepEqual(platform.connections, [
      { type: 'bus', cores: [0, 1, 2], bandwidth: 128, unitEnergy: 2 },
      { type: 'link', cores: [0, 1], bandwidth: 64, unitEnergy: 1 },
    ]);
  });

  it('are refused with the line that names a file which is not there', () => {
    assert.throws(
      () => readHardware('chip.yaml', PLATFORM, () => undefined),
      InputError,
      /chip\.yaml:3: cores\.0: there is none of cores\/small\.yaml, small\.yaml/,
    );
  });

  it('are refused with the line and file of what is wrong in a core', () => {
    const broken = SMALL.replace('size: 64', 'size: few');
    assert.throws(
      () => readHardware('chip.yaml', PLATFORM, () => broken),
      InputError,
      /cores\/small\.yaml:4: memories\.registers\.size/,
    );
  });

  it('are refused for a connection of cores that there are not', () => {
    assert.throws(
      () => readHardware('chip.yaml', PLATFORM.replace('[0, 1, 4]', '[0, 3]'), (path) => files[path]),
      InputError,
      /chip\.yaml:10: expected a core of 0, 1, 4, found 3/,
    );
  });

  it('are refused for a connection that carries nothing', () => {
    for (const bandwidth of ['0', '-1', '1.0e-300', 'much']) {
      const text = PLATFORM.replace('bandwidth: 128', `bandwidth: ${bandwidth}`);
      assert.throws(
        () => readHardware('chip.yaml', text, (path) => files[path]),
        InputError,
        /chip\.yaml:11: core_connectivity\[0\]\.bandwidth: /,
      );
    }
  });
});
