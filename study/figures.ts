import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** A point of a figure. */
export interface Point {
  network: string;
  series: string;
  theoretical: number;
  gain: number;
}

/** Gain over static execution against the theoretical one, a panel for each network, in SVG. */
export function gainFigure(points: readonly Point[], series: readonly string[]): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
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
    color: { domain: [...series], range: ['#4269d0', '#ff725c', '#3ca951', '#efb118'] },
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
  figure.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  // Plot draws random ids for its styles in some versions; figures are to be the same each time.
  return `${figure.outerHTML.replace(/plot-[0-9a-z]+/g, 'plot')}\n`;
}
