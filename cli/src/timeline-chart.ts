import type { Timeline, TimelineEvent, TimelineLane } from 'tfjs-backend-dynconv';
import { utilizationOf, type Utilization } from 'tfjs-backend-dynconv';

/** The kinds of work, by the kernels that do it; the first that matches. Okabe and Ito's colours. */
const KINDS = [
  { name: 'decision convolution', kernels: /igemm_\d+x1$/, colour: '#d55e00' },
  { name: 'convolution', kernels: /igemm/, colour: '#0072b2' },
  { name: 'depthwise convolution', kernels: /dwconv/, colour: '#e69f00' },
  { name: 'pooling', kernels: /pool|mean/, colour: '#009e73' },
  { name: 'addition, activation', kernels: /add|sub|mul|affine|clamp|leaky/, colour: '#cc79a7' },
  { name: 'resizing, moving', kernels: /./, colour: '#777777' },
] as const;
type Kind = (typeof KINDS)[number];

const ARRAYS = ['main path', 'depthwise, decision, residual'] as const;

const WIDTH = 1280;
const LEFT = 170;
const RIGHT = 20;
const TITLE_HEIGHT = 62;
const HEADING_HEIGHT = 26;
const LANE_HEIGHT = 30;
const LANE_GAP = 6;
const AXIS_HEIGHT = 44;
const LEGEND_HEIGHT = 44;
/** The height of work for the other array, as a share of its lane's. */
const HELPING_SHARE = 0.6;
/** Neighbours that are narrower, and nearer to one another, are drawn as one; in pixels. */
const NARROW = 0.5;
const NEAR = 0.2;
const MOST_TICKS = 10;
const QUIET = 'fill="#555555"';
/** White around the letters keeps the lines of the axis out of them. */
const HEADING = 'font-weight="600" stroke="#ffffff" stroke-width="4" paint-order="stroke"';

/** What a chart says beside what it shows. */
export interface ChartText {
  title: string;
  subtitle: string;
  /** The profile's layers, for their names. */
  layers: readonly { name: string; weight?: string }[];
}

/** Calls of one kind that are drawn as one bar; times in milliseconds. */
interface Bar {
  kind: Kind;
  helping: boolean;
  start: number;
  end: number;
  first: TimelineEvent;
  calls: number;
}

/** A Gantt chart of both virtual PE arrays as an SVG document: a row a lane, a bar a kernel call. */
export function timelineChart(timeline: Timeline, text: ChartText): string {
  const { milliseconds, lanes } = timeline;
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(milliseconds, Number.MIN_VALUE);
  const utilization = utilizationOf(timeline);
  const rows: string[] = [];
  const headings: string[] = [];
  let y = TITLE_HEIGHT;
  for (const array of [0, 1] as const) {
    const own = lanes.filter((lane) => lane.array === array);
    headings.push(label(10, y + 17, headingOf(array, own, utilization), HEADING));
    y += HEADING_HEIGHT;
    for (const lane of own) {
      rows.push(laneRow(timeline, lane, utilization, y, scale, text));
      y += LANE_HEIGHT + LANE_GAP;
    }
  }
  const legendY = y + AXIS_HEIGHT;
  const height = legendY + LEGEND_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Inter, Helvetica, Arial, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    label(10, 26, text.title, 'font-size="18" font-weight="600"'),
    label(10, 48, text.subtitle, QUIET),
    ...rows,
    axis(milliseconds, TITLE_HEIGHT, y, scale),
    ...headings,
    legend(legendY),
    '</svg>\n',
  ].join('\n');
}

function headingOf(array: 0 | 1, lanes: readonly TimelineLane[], { arrays }: Utilization): string {
  const name = `PE array ${array} (${ARRAYS[array]})`;
  const { utilization, work } = arrays[array];
  const worked = `${work.toFixed(1)} ms of work`;
  return lanes.length === 0
    ? `${name}: no lane of its own, ${worked} on the other's`
    : `${name}: ${percentage(utilization)} busy, ${worked}`;
}

function laneRow(
  timeline: Timeline,
  { lane, array }: TimelineLane,
  { lanes }: Utilization,
  y: number,
  scale: number,
  text: ChartText,
): string {
  const share = lanes.find((other) => other.lane === lane)?.utilization ?? 0;
  const name = `lane ${lane}${lane === 0 ? ' (caller)' : ''}`;
  const events = timeline.events.filter((event) => event.lane === lane);
  return [
    label(20, y + 20, name),
    label(LEFT - 8, y + 20, percentage(share), `text-anchor="end" ${QUIET}`),
    `<rect x="${LEFT}" y="${y}" width="${WIDTH - LEFT - RIGHT}" height="${LANE_HEIGHT}" fill="#eeeeee"/>`,
    ...barsOf(events, array, scale).map((bar) => rectangle(bar, y, scale, text)),
  ].join('\n');
}

function barsOf(events: readonly TimelineEvent[], array: 0 | 1, scale: number): Bar[] {
  const bars: Bar[] = [];
  for (const event of events) {
    const { start, end } = event;
    const kind = kindOf(event.kernel);
    const helping = event.array !== array;
    const last = bars.at(-1);
    if (
      last?.kind === kind &&
      last.helping === helping &&
      (end - start) * scale < NARROW &&
      (start - last.end) * scale < NEAR
    ) {
      last.end = end;
      last.calls++;
    } else {
      bars.push({ kind, helping, start, end, first: event, calls: 1 });
    }
  }
  return bars;
}

function kindOf(kernel: string): Kind {
  return KINDS.find(({ kernels }) => kernels.test(kernel)) ?? KINDS[KINDS.length - 1];
}

function rectangle(
  { kind, helping, start, end, first, calls }: Bar,
  laneY: number,
  scale: number,
  { layers }: ChartText,
): string {
  const { layer, kernel, rows } = first;
  const { name, weight } = layer === null ? { name: 'no layer' } : layers[layer];
  const what = calls === 1 ? `${kernel}, ${rows} rows` : `${calls} calls from ${kernel} on`;
  const title = `${weight ?? name}: ${what}, ${start.toFixed(3)}-${end.toFixed(3)} ms`;
  const height = LANE_HEIGHT * (helping ? HELPING_SHARE : 1);
  const x = (LEFT + start * scale).toFixed(2);
  const width = ((end - start) * scale).toFixed(2);
  return (
    `<rect x="${x}" y="${laneY + LANE_HEIGHT - height}" width="${width}" height="${height}" fill="${kind.colour}">` +
    `<title>${escape(title)}</title></rect>`
  );
}

function axis(milliseconds: number, top: number, y: number, scale: number): string {
  const right = LEFT + milliseconds * scale;
  const parts = [`<path d="M${LEFT} ${y}H${right.toFixed(2)}" stroke="#333333"/>`];
  for (const time of ticksOf(milliseconds)) {
    const x = (LEFT + time * scale).toFixed(2);
    parts.push(
      `<path d="M${x} ${top}V${y + 5}" stroke="#333333" stroke-opacity="0.25"/>`,
      label(Number(x), y + 20, String(time), 'text-anchor="middle"'),
    );
  }
  parts.push(label(LEFT - 8, y + 20, 'ms', `text-anchor="end" ${QUIET}`));
  return parts.join('\n');
}

/** Round times from 0 on: multiples of 1, 2 or 5 times a power of ten. */
function ticksOf(milliseconds: number): number[] {
  if (milliseconds <= 0) return [0];
  const least = milliseconds / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
  const count = Math.floor(milliseconds / step);
  return Array.from({ length: count + 1 }, (_, tick) => Number((tick * step).toPrecision(6)));
}

function legend(y: number): string {
  const CHARACTER = 7;
  let x = 10;
  const parts = KINDS.map(({ name, colour }) => {
    const part =
      `<rect x="${x}" y="${y}" width="14" height="14" fill="${colour}"/>` +
      label(x + 20, y + 12, name);
    x += 20 + name.length * CHARACTER + 18;
    return part;
  });
  parts.push(
    `<rect x="${x}" y="${y}" width="14" height="14" fill="#eeeeee"/>`,
    label(x + 20, y + 12, 'waiting; lower bars: work of the other array'),
  );
  return parts.join('\n');
}

function label(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escape(text)}</text>`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as XML takes it, without characters that it forbids. */
function escape(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').replace(/[&<>"]/g, (character) => ENTITIES[character]);
}

function percentage(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
