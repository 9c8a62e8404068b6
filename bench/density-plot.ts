import type { DensityPoint, DensityResult } from './density.js';

const WIDTH = 640;
const HEIGHT = 430;
const PLOT = { left: 64, right: 616, top: 48, bottom: 340 };
const SERIES = [
  { pattern: 'disc', name: 'active pixels in one disc', colour: '#1f6feb' },
  { pattern: 'scattered', name: 'active pixels scattered at random', colour: '#d97706' },
] as const;
const TICKS = 5;

/** Draws time over density as an SVG document: both patterns, the fitted line, the dense times. */
export function densityPlot(result: DensityResult): string {
  const points = [...result.series.disc, ...result.series.scattered];
  const longest = Math.max(result.denseMilliseconds, ...points.map((p) => p.milliseconds));
  const step = niceStep(longest / TICKS);
  const top = step * Math.ceil(longest / step);
  const x = (density: number): number => PLOT.left + density * (PLOT.right - PLOT.left);
  const y = (ms: number): number => PLOT.bottom - (ms / top) * (PLOT.bottom - PLOT.top);
  const { slope, intercept, r2 } = result.fit;
  const dense = y(result.denseMilliseconds);

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#1c1e22">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${PLOT.left}" y="24" font-size="15" font-weight="600">Time of one masked block follows its active pixels</text>`,
    ...Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step).flatMap((ms) => [
      line(PLOT.left, y(ms), PLOT.right, y(ms), '#e3e5e8'),
      text(PLOT.left - 8, y(ms) + 4, ms.toFixed(step < 1 ? 1 : 0), 'end'),
    ]),
    ...Array.from({ length: TICKS + 1 }, (_, i) => i / TICKS).map((density) =>
      text(x(density), PLOT.bottom + 18, `${Math.round(100 * density)} %`, 'middle'),
    ),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 38, 'active pixels', 'middle'),
    text(PLOT.left - 8, PLOT.top - 8, 'ms', 'end'),
    line(PLOT.left, dense, PLOT.right, dense, '#6a6f78', '5 4'),
    text(PLOT.left + 6, dense + 15, 'every pixel computed (DYNCONV_SKIP off)', 'start'),
    line(x(0), y(intercept), x(1), y(slope + intercept), SERIES[0].colour, '2 3'),
    ...SERIES.flatMap(({ pattern, name, colour }, i) => {
      const place = { x: x(0.55), y: PLOT.bottom - 44 + i * 18 };
      return [
        ...result.series[pattern].map((point) =>
          dot(x(point.density), y(point.milliseconds), colour),
        ),
        polyline(result.series[pattern], x, y, colour),
        dot(place.x, place.y - 4, colour),
        text(place.x + 10, place.y, name, 'start'),
      ];
    }),
    text(
      PLOT.left,
      HEIGHT - 16,
      `discs: ${slope.toFixed(2)} ms x density + ${intercept.toFixed(2)} ms, R² ${r2.toFixed(4)}; ` +
        `intercept ${(100 * result.interceptShare).toFixed(1)} % of the dense time`,
      'start',
    ),
    '</svg>',
    '',
  ].join('\n');
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string, dash = ''): string {
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  const at = `x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"`;
  return `<line ${at} stroke="${colour}"${dashes}/>`;
}

function polyline(
  points: readonly DensityPoint[],
  x: (density: number) => number,
  y: (ms: number) => number,
  colour: string,
): string {
  const at = points.map((p) => `${round(x(p.density))},${round(y(p.milliseconds))}`).join(' ');
  return `<polyline points="${at}" fill="none" stroke="${colour}" stroke-opacity="0.4"/>`;
}

function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="3.5" fill="${colour}"/>`;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

function round(value: number): string {
  return value.toFixed(1);
}

/** The least of 1, 2 and 5 times a power of ten that is no less than `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find((factor) => factor * power >= step) ?? 10);
}
