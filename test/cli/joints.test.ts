import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Heatmaps } from '../../cli/src/pose/heatmaps.js';
import {
  COCO_JOINTS,
  decodeJoints,
  findJoints,
  MPII_JOINTS,
  pickJoints,
} from '../../cli/src/pose/joints.js';
import { sideOf } from '../../cli/src/pose/skeleton.js';

/** The heatmaps of joints, each given row by row. */
function heatmaps(...maps: number[][][]): Heatmaps {
  const [height, width] = [maps[0].length, maps[0][0].length];
  const values = new Float32Array(height * width * maps.length);
  maps.forEach((map, joint) => {
    map.flat().forEach((value, cell) => {
      values[cell * maps.length + joint] = value;
    });
  });
  return { height, width, joints: maps.length, values };
}

/** Where the only joint is, in cells of its heatmap. */
function cellOf(map: number[][]): [column: number, row: number] {
  const [{ x, y }] = decodeJoints(heatmaps(map), map[0].length, map.length);
  return [x - 0.5, y - 0.5];
}

/** The sum of a map's cells around one of them, each weighted by its distance; up to four cells off. */
function weighted(map: number[][], x: number, y: number): number {
  let sum = 0;
  map.forEach((line, row) => {
    line.forEach((value, column) => {
      const [right, down] = [Math.abs(column - x), Math.abs(row - y)];
      if (right <= 4 && down <= 4) sum += value * Math.exp(-(right ** 2 + down ** 2) / 4.5);
    });
  });
  return sum;
}

describe('joints', () => {
  it('lie in the cell of the largest value, moved a quarter towards the larger neighbour', () => {
    const around = (left: number, right: number, above: number, below: number): number[][] => [
      [0, 0, 0, 0],
      [0, 0, above, 0],
      [0, left, 9, right],
      [0, 0, below, 0],
      [0, 0, 0, 0],
    ];
    expect(cellOf(around(1, 2, 4, 3))).to.deep.equal([2.25, 1.75]);
    expect(cellOf(around(2, 1, 3, 4))).to.deep.equal([1.75, 2.25]);
    expect(cellOf(around(0, 0, -1, 0))).to.deep.equal([2, 2.25]);
  });

  it('are not moved between equal neighbours', () => {
    const map = [
      [0, 5, 0],
      [5, 9, 5],
      [0, 5, 0],
    ];
    expect(cellOf(map)).to.deep.equal([1, 1]);
  });

  it('are moved along a border, but not across it', () => {
    expect(
      cellOf([
        [1, 9, 2],
        [0, 8, 0],
        [0, 0, 0],
      ]),
    ).to.deep.equal([1.25, 0]);
    expect(
      cellOf([
        [0, 0, 3],
        [0, 8, 9],
        [0, 0, 4],
      ]),
    ).to.deep.equal([2, 1.25]);
    expect(
      cellOf([
        [0, 0],
        [7, 9],
      ]),
    ).to.deep.equal([1, 1]);
  });

  it('are the first in row-major order where the largest values are equal', () => {
    const empty = Array.from({ length: 21 }, () => new Array<number>(21).fill(0));
    const corners = empty.map((line) => [...line]);
    corners[0][20] = corners[20][0] = corners[20][20] = 9;
    expect(cellOf(corners)).to.deep.equal([20, 0]);
    expect(cellOf(empty)).to.deep.equal([0, 0]);
  });

  it('are where the most lies nearby, under a Gaussian of one and a half cells', () => {
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    const size = fc.integer({ min: 1, max: 14 });
    const anyMap = fc.tuple(size, size).chain(([width, height]) =>
      fc.array(fc.array(value, { minLength: width, maxLength: width }), {
        minLength: height,
        maxLength: height,
      }),
    );
    fc.assert(
      fc.property(anyMap, (map) => {
        const single = map.map((line) => line.map(Math.fround));
        const nearby = single.map((line, y) => line.map((_, x) => weighted(single, x, y)));
        const [column, row] = cellOf(single).map((at) => Math.round(at));
        expect(nearby[row][column]).to.be.closeTo(Math.max(...nearby.flat()), 1e-9);
      }),
    );
  });

  it('are one that is small but broad, not one cell that sticks out', () => {
    const map = Array.from({ length: 21 }, () => new Array<number>(21).fill(0));
    for (const row of [13, 14, 15]) for (const column of [12, 13, 14]) map[row][column] = 0.5;
    map[2][2] = 1;
    const [joint] = decodeJoints(heatmaps(map), 21, 21);
    expect(joint).to.deep.equal({ x: 13.5, y: 14.5, score: 0.5 });
  });

  it('are in pixels of the input, each with its score', () => {
    const maps = heatmaps(
      [
        [0, 0, 0, 0],
        [0, 0, 0, 7],
      ],
      [
        [0.5, 0.25, 0, 0],
        [0, 0, 0, 0],
      ],
    );
    expect(decodeJoints(maps, 32, 8)).to.deep.equal([
      { x: 28, y: 6, score: 7 },
      { x: 4, y: 2, score: 0.5 },
    ]);
  });

  /** How far from its center, in cells, a Gaussian is found that is drawn in 20x20 cells. */
  const offBy = (x: number, y: number): number => {
    const line = Array.from({ length: 20 }, (_, i) => i + 0.5);
    const map = line.map((row) =>
      line.map((column) => Math.exp(-((column - x) ** 2 + (row - y) ** 2) / 2)),
    );
    const [joint] = decodeJoints(heatmaps(map), 80, 80);
    return Math.max(Math.abs(joint.x / 4 - x), Math.abs(joint.y / 4 - y));
  };

  for (const [where, border, farthest] of [
    // Decoding leaves a quarter of a cell, and rounding moves the tie of two cells.
    ['a quarter of a cell of what a Gaussian was drawn around', 6, 0.2501],
    // What is cut off of the Gaussian there moves it.
    ['half a cell where that is near the border', 1, 0.5],
  ] as const) {
    it(`are within ${where}`, () => {
      const position = fc.double({ min: border, max: 20 - border, noNaN: true });
      fc.assert(
        fc.property(position, position, (x, y) => {
          expect(offBy(x, y)).to.be.at.most(farthest);
        }),
      );
    });
  }

  it('are found in pixels of the file, not on the bars, nor where the score is low', () => {
    // A photograph of 400x200 pixels in an input of 8x8: bars of two rows above and below.
    const photo = {
      frame: { x: 0, y: 2, width: 8, height: 4 },
      width: 400,
      height: 200,
    };
    const joints = [
      { x: 5.5, y: 3, score: 0.5 },
      { x: 3, y: 1, score: 1 },
      { x: 1, y: 3, score: 0.25 },
    ];
    const found = findJoints(joints, photo, ['pelvis', 'head_top', 'left_hip'], 0.3);
    expect([...found]).to.deep.equal([
      ['pelvis', { found: true, x: 275, y: 50, score: 0.5 }],
      ['head_top', { found: false, score: 1 }],
      ['left_hip', { found: false, score: 0.25 }],
    ]);
    expect(Object.keys(pickJoints(found, MPII_JOINTS))).to.deep.equal([
      'left_hip',
      'pelvis',
      'head_top',
    ]);
    expect(Object.keys(pickJoints(found, COCO_JOINTS))).to.deep.equal(['left_hip']);
  });

  it('have the names of MPII and of COCO, left and right in pairs', () => {
    expect([MPII_JOINTS.length, COCO_JOINTS.length]).to.deep.equal([16, 17]);
    const common = COCO_JOINTS.filter((name) => MPII_JOINTS.includes(name));
    expect(common).to.have.length(12);
    for (const names of [MPII_JOINTS, COCO_JOINTS]) {
      expect(new Set(names).size).to.equal(names.length);
      for (const name of names) {
        if (sideOf(name) !== 'right') continue;
        expect(names).to.include(name.replace('right', 'left'));
      }
    }
    expect(sideOf('left_eye')).to.equal('left');
    expect(sideOf('pelvis')).to.equal('middle');
  });
});
