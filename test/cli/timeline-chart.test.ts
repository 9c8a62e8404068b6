import { loadImage } from '@napi-rs/canvas';
import { expect } from 'chai';
import { timelineChart } from '../../cli/src/timeline-chart.js';
import { timelineOf } from '../../src/timeline/timeline.js';
import { callOf, LAYERS, twoLanes } from '../timeline/timelines.js';

const TEXT = { title: 'a "model" <of> this & that', subtitle: 'one run', layers: LAYERS };

/** The attributes of the bars: the rectangles that tell what they are. */
function barsOf(svg: string): Record<'x' | 'y' | 'width' | 'height', number>[] {
  const bar = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*><title>/g;
  return [...svg.matchAll(bar)].map(([, x, y, width, height]) => ({
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
  }));
}

describe('the chart of a timeline', () => {
  it('is an SVG that can be drawn, whatever the names hold', async () => {
    const image = await loadImage(Buffer.from(timelineChart(twoLanes(), TEXT)));
    expect([image.width, image.height > 150]).to.deep.equal([1280, true]);
  });

  it('closes what it opens, and escapes what XML has a use for', () => {
    const svg = timelineChart(twoLanes(), TEXT);
    const open: string[] = [];
    for (const [tag, slash, name, own] of svg.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
      if (slash) expect(open.pop(), tag).to.equal(name);
      else if (!own) open.push(name);
    }
    expect(open).to.be.empty;
    expect(svg).to.include('a &quot;model&quot; &lt;of&gt; this &amp; that');
  });

  it('has a bar a call, as long as the call, on the row of its lane', () => {
    const bars = barsOf(timelineChart(twoLanes(), TEXT));
    expect(bars).to.have.length(4);
    const [convolution, help, pool, addition] = bars;
    const millisecond = convolution.width / 4;
    expect(help.x - convolution.x).to.be.closeTo(8 * millisecond, 0.02);
    expect(help.width).to.be.closeTo(2 * millisecond, 0.02);
    expect(addition.x - pool.x).to.be.closeTo(3 * millisecond, 0.02);
    expect(pool.y).to.be.greaterThan(convolution.y + convolution.height);
    // Work for the other array is lower, and stands on the same ground.
    expect(help.height).to.be.lessThan(convolution.height);
    expect(help.y + help.height).to.be.closeTo(convolution.y + convolution.height, 1e-9);
  });

  it('says how busy arrays and lanes were, and shows the time', () => {
    const svg = timelineChart(twoLanes(), TEXT);
    expect(svg).to.include('PE array 0 (main path): 60 % busy, 4.0 ms of work');
    expect(svg).to.include('PE array 1 (depthwise, decision, residual): 30 % busy');
    for (const time of [0, 5, 10]) expect(svg).to.include(`>${time}</text>`);
  });

  it('draws calls that are too short to be seen as one', () => {
    const calls = Array.from({ length: 10_000 }, (_, i) => callOf(0, i * 0.001, (i + 1) * 0.001));
    const bars = barsOf(timelineChart(timelineOf(calls, LAYERS, { lanes: 1, lost: 0 }), TEXT));
    expect(bars).to.have.length(1);
    expect(bars[0].width).to.be.closeTo(1090, 1);
  });

  it('may be of nothing', async () => {
    const svg = timelineChart(timelineOf([], [], { lanes: 1, lost: 0 }), TEXT);
    expect(svg).to.include('no lane of its own');
    expect((await loadImage(Buffer.from(svg))).width).to.equal(1280);
  });
});
