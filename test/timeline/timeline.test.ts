import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { assert } from 'chai';
import { nameLayers, profile } from '../../src/index.js';
import { timelineOf } from '../../src/timeline/timeline.js';
import type { Timeline } from '../../src/timeline/timeline.js';
import { chromeTrace } from '../../src/timeline/trace.js';
import { utilizationOf } from '../../src/timeline/utilization.js';
import { modelIn } from '../support/models.js';
import { LAYERS, callOf, twoLanes } from './timelines.js';

describe('a timeline', () => {
  it('begins with the first kernel, and tells the lanes of each array', () => {
    const { milliseconds, lanes, events } = twoLanes();
    assert.equal(milliseconds, 10);
    assert.deepEqual(lanes, [
      { lane: 0, array: 0 },
      { lane: 1, array: 1 },
    ]);
    assert.deepEqual(
      events.map(({ start, lane, layer, kernel }) => [start, lane, layer, kernel]),
      [
        [0, 0, 0, 'f32_igemm_6x8'],
        [2, 1, 1, 'f32_maxpool'],
        [5, 1, null, 'f32_add'],
        [8, 0, 1, 'f32_maxpool'],
      ],
    );
  });

  it('lists lanes that had nothing to do', () => {
    const { lanes } = timelineOf([callOf(2, 0, 1)], LAYERS, { lanes: 3, lost: 0 });
    assert.deepEqual(
      lanes.map(({ lane, array }) => [lane, array]),
      [
        [0, 0],
        [2, 0],
        [1, 1],
      ],
    );
  });

  it('may be empty', () => {
    const timeline = timelineOf([], [], { lanes: 1, lost: 0 });
    assert.equal(timeline.milliseconds, 0);
    const { utilization, waiting } = utilizationOf(timeline);
    assert.deepEqual([utilization, waiting], [0, 0]);
    assert.lengthOf(chromeTrace(timeline, []).traceEvents, 4);
  });
});

describe('utilizationOf', () => {
  it('adds up what lanes, arrays and layers took and waited', () => {
    const summary = utilizationOf(twoLanes());
    const { busy, waiting, utilization, lanes, arrays, layers, others } = summary;
    assert.deepEqual([busy, waiting], [9, 11]);
    assert.closeTo(utilization, 9 / 20, 1e-12);
    assert.deepEqual(lanes, [
      { lane: 0, array: 0, helping: 2, busy: 6, waiting: 4, utilization: 0.6 },
      { lane: 1, array: 1, helping: 0, busy: 3, waiting: 7, utilization: 0.3 },
    ]);
    assert.deepEqual(arrays, [
      { array: 0, lanes: 1, work: 4, busy: 6, waiting: 4, utilization: 0.6 },
      { array: 1, lanes: 1, work: 5, busy: 3, waiting: 7, utilization: 0.3 },
    ]);
    assert.deepEqual(layers.get(0), { busy: 4, waiting: 0, lanes: 1 });
    assert.deepEqual(layers.get(1), { busy: 4, waiting: 6, lanes: 2 });
    assert.deepEqual(others, { busy: 1, waiting: 1, lanes: 1 });
  });

  it('of a lane that never rests is 1', () => {
    const calls = [callOf(0, 0, 1), callOf(0, 1, 5)];
    const summary = utilizationOf(timelineOf(calls, LAYERS, { lanes: 1, lost: 0 }));
    assert.equal(summary.utilization, 1);
    assert.equal(summary.waiting, 0);
    assert.deepEqual(
      summary.arrays.map(({ lanes, utilization }) => [lanes, utilization]),
      [
        [1, 1],
        [0, 0],
      ],
    );
  });
});

describe('chromeTrace', () => {
  it('has a track a lane beneath its array, with layers, kernels and rows', () => {
    const document = chromeTrace(twoLanes(), LAYERS);
    const { traceEvents } = JSON.parse(JSON.stringify(document)) as typeof document;
    const names = traceEvents.flatMap((event) =>
      event.ph === 'M' && 'name' in event.args ? [[event.pid, event.tid, event.args.name]] : [],
    );
    assert.deepEqual(names, [
      [1, 0, 'PE array 0: main-path layers'],
      [2, 0, 'PE array 1: depthwise, decision and residual layers'],
      [1, 1, 'lane 0 (calling thread)'],
      [2, 2, 'lane 1'],
    ]);
    const calls = traceEvents.filter(({ ph }) => ph === 'X');
    assert.deepEqual(calls[0], {
      ...{ ph: 'X', name: 'stem/kernel', cat: 'array 0', pid: 1, tid: 1, ts: 0, dur: 4000 },
      args: { kernel: 'f32_igemm_6x8', rows: 8, layer: 0 },
    });
    assert.deepEqual(
      calls.map(({ name }) => name),
      ['stem/kernel', 'MaxPool', 'f32_add', 'MaxPool'],
    );
    assert.equal(calls[3].pid, 1, 'work for the other array stays on the track of its lane');
  });
});

describe('the timeline of a profile', () => {
  const FOLDER = 'models/fixtures/mobilenetv2-hourglass/graph';

  it('holds every kernel call, one at a time on each lane', async () => {
    await tf.setBackend('dynconv');
    const model = await loadGraphModel(modelIn(FOLDER));
    nameLayers(model);
    const [, height, width, channels] = model.inputs[0].shape ?? [];
    const input = tf.randomUniform([1, height, width, channels], 0, 1, 'float32', 7);
    const { result, layers, timeline } = await profile(
      () => tf.tidy(() => ([] as tf.Tensor[]).concat(model.predict(input) as tf.Tensor[])),
      { repeats: 1 },
    );
    tf.dispose([input, result]);
    model.dispose();
    assert.equal(timeline.lost, 0);
    assertDisjoint(timeline);
    const { busy, waiting, milliseconds, layers: costs } = utilizationOf(timeline);
    assert.closeTo(busy + waiting, milliseconds * timeline.lanes.length, 1e-6);
    // What the layers are said to take is what the timeline shows of them.
    layers.forEach((layer, number) => {
      assert.closeTo(layer.milliseconds, costs.get(number)?.busy ?? 0, 1e-2);
      if (layer.pixels.active > 0) assert.isAbove(rowsOf(timeline, number), 0);
      if (layer.name !== 'MaxPool') assert.isString(layer.weight);
    });
    assert.isTrue(timeline.events.some(({ array }) => array === 0));
    assert.isTrue(timeline.events.some(({ array }) => array === 1));
  });
});

function rowsOf({ events }: Timeline, layer: number): number {
  return events.reduce((sum, event) => sum + (event.layer === layer ? event.rows : 0), 0);
}

function assertDisjoint({ lanes, events, milliseconds }: Timeline): void {
  for (const { lane } of lanes) {
    let free = 0;
    for (const event of events) {
      if (event.lane !== lane) continue;
      assert.isAtLeast(event.start, free);
      assert.isAtLeast(event.end, event.start);
      assert.isAbove(event.rows, 0);
      free = event.end;
    }
    assert.isAtMost(free, milliseconds);
  }
}
