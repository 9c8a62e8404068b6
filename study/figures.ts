import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** A point of a figure. */
export interface Point {
  network: string;
  series: string;
  theoretical: number;
  gain: number;
}

const COLOURS = ['#4269d0', '#ff725c', '#3ca951', '#efb118'];

/** Gain over static execution against the theoretical one, a panel for each network, in SVG. */
export function gainFigure(points: readonly Point[], series: readonly string[]): string {
  const document = blankDocument();
  const most = Math.max(...points.map(({ theoretical }) => theoretical));
  const figure = Plot.plot({
    document,
    width: 960,
    height: 280,
    marginLeft: 45,
    marginRight: 20,
    style: { background: 'white' },
    x: { label: 'theoretical gain' },
    y: { label: 'gain over static execution', grid: true, domain: [0, most] },
    fx: { label: null },
    color: { domain: [...series], range: COLOURS },
    marks: [
      Plot.line(
        [
          [1, 1],
          [most, most],
        ],
        { stroke: '#bbb', strokeDasharray: '4' },
      ),
      Plot.line(points, { x: 'theoretical', y: 'gain', fx: 'network', stroke: 'series' }),
      Plot.dot(points, { x: 'theoretical', y: 'gain', fx: 'network', fill: 'series', r: 3 }),
    ],
  });
  return svgOf(figure);
}

/** What depth-first execution saves under an amount of work: shares, by what they are of. */
export type Saving = Record<string, string | number> & { network: string; work: string };

/** Savings over the amount of work, a panel for each network, in SVG. */
export function depthFirstFigure(savings: readonly Saving[]): string {
  const document = blankDocument();
  const points = savings.flatMap(({ network, work, ...shares }) =>
    Object.entries(shares).map(([of, share]) => ({ network, work, of, saved: share })),
  );
  const figure = Plot.plot({
    document,
    width: 960,
    height: 280,
    marginLeft: 45,
    marginRight: 20,
    style: { background: 'white' },
    x: { label: 'share of work', type: 'point', domain: ['1', '0.5', '0.25', '0.125'] },
    y: { label: 'saved', grid: true, tickFormat: '.0%' },
    fx: { label: null },
    color: { domain: [...new Set(points.map(({ of }) => of))], range: COLOURS, legend: false },
    marks: [
      Plot.ruleY([0]),
      Plot.line(points, { x: 'work', y: 'saved', fx: 'network', stroke: 'of' }),
      Plot.dot(points, { x: 'work', y: 'saved', fx: 'network', fill: 'of', r: 3 }),
    ],
  });
  return svgOf(figure);
}

function blankDocument(): Document {
  return parseHTML('<!doctype html><html><body></body></html>').document;
}

function svgOf(figure: Element): string {
  figure.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  // Plot draws random ids for its styles in some versions; figures are to be the same each time.
  return `${figure.outerHTML.replace(/plot-[0-9a-z]+/g, 'plot')}\n`;
}
