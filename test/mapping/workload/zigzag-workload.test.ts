import { expect } from 'chai';
import { loopSize } from '../../../src/mapping/workload/layer.js';
import { parseZigzagWorkload } from '../../../src/mapping/workload/zigzag-workload.js';

/** In the form of ZigZag's `resnet18.yaml`. */
const FILE = `- id: 7
  name: stem
  operator_type: Conv
  equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
  dimension_relations: [ix=2*ox+1*fx, iy=2*oy+fy]
  loop_dims: [B, K, C, OY, OX, FY, FX]
  loop_sizes: [1, 64, 3, 112, 112, 7, 7]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { I: 7, W: 7 }
  pr_loop_dims: [IX, IY]
  padding: [[3, 2], [0, 0]]

- id: 9
  operator_type: Add
  equation: O[b][g][oy][ox]=W[b][g][oy][ox]+I[b][g][oy][ox]
  loop_dims: [B, G, OY, OX]
  loop_sizes: [1, 64, 56, 56]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { W: 7, I: 7 }
`;

/** The message for a file in which one text is replaced by another. */
function messageOf(from: string, to: string): string {
  expect(FILE).to.contain(from);
  try {
    parseZigzagWorkload('net.yaml', FILE.replace(from, to));
  } catch (error) {
    return String(error);
  }
  throw new Error(`no error after ${from} became ${to}`);
}

describe('ZigZag workloads', () => {
  it('reads loops, relations and operands', () => {
    const { layers } = parseZigzagWorkload('net.yaml', FILE);
    const [stem, add] = layers;
    expect(stem).to.include({ name: 'stem', type: 'Conv' });
    expect(stem.loops.map(({ dim }) => dim)).to.deep.equal(['B', 'K', 'C', 'OY', 'OX', 'FY', 'FX']);
    expect(loopSize(stem, 'K')).to.equal(64);
    expect(stem.relations).to.deep.equal([
      { dim: 'IX', dims: ['OX', 'FX'], coefficients: [2, 1], padding: [3, 2], size: 224 },
      { dim: 'IY', dims: ['OY', 'FY'], coefficients: [2, 1], padding: [0, 0], size: 229 },
    ]);
    expect(stem.inputs[0]).to.deep.equal({
      name: 'W',
      dims: ['K', 'C', 'FY', 'FX'],
      precision: 8,
      sources: [],
      constant: true,
    });
    expect(add.name).to.equal('Layer9');
    expect(add.inputs.map(({ sources, constant }) => [sources, constant])).to.deep.equal([
      [[0], false],
      [[0], false],
    ]);
  });

  it('says file, line and what was expected', () => {
    expect(messageOf('loop_sizes: [1, 64, 3,', 'loop_sizes: [1, -64, 3,')).to.contain(
      'net.yaml:7: [0].loop_sizes[1]',
    );
    expect(messageOf('+=W[k]', '=')).to.contain('net.yaml:4: [0].equation: expected an equation');
    expect(messageOf('iy=2*oy+fy', 'iy=2*oy')).to.contain('net.yaml:5: [0].dimension_relations[1]');
    expect(messageOf('[B, G, OY, OX]', '[B, G, OY, OZ]')).to.contain(
      'net.yaml:15: [1].equation: no loop or relation has the dimension OX',
    );
    expect(messageOf('{ W: 7, I: 7 }\n', '{ W: 7, I: 8 }\n')).to.contain(
      'net.yaml:19: [1].operand_source: no layer before this one has the id 8',
    );
    expect(messageOf('[[3, 2], [0, 0]]', '[[3, 2]]')).to.contain('net.yaml:11: [0].padding');
    expect(messageOf('id: 9', 'id: 7')).to.contain('net.yaml:13: [1].id: another layer');
    expect(messageOf('112, 112, 7, 7]', '112, 112, 7]')).to.contain('[0].loop_sizes: expected 7');
    expect(messageOf('operator_type: Add', 'operator_typ: Add')).to.contain('net.yaml:13:');
  });
});
