import type { Job, Timeline } from 'tfjs-backend-dynconv/mapping';

const WIDTH = 1200;
const LEFT = 110;
const LANE = 44;
const TOP = 40;
const COLOURS: Readonly<Record<string, string>> = {
  Conv: '#4269d0',
  DepthwiseConv: '#efb118',
  Decision: '#ff725c',
  Add: '#6cc5b0',
  MaxPool: '#3ca951',
};
const OTHER = '#9498a0';

/** A Gantt chart of a timeline, in SVG: a lane for each core, a bar for each span, coloured by operator. */
export function gantt({ latency, spans }: Timeline, jobs: readonly Job[], cores: string[]): string {
  const scale = (WIDTH - LEFT - 10) / Math.max(latency, 1);
  const bars = spans.map(({ job, core, start, end }) => {
    const { name, type } = jobs[job];
    const x = LEFT + start * scale;
    const width = Math.max((end - start) * scale, 0.1);
    const y = TOP + core * LANE + 4;
    return (
      `<rect x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${LANE - 8}" ` +
      `fill="${COLOURS[type] ?? OTHER}"><title>${escape(name)}: ${Math.round(start)} to ` +
      `${Math.round(end)}</title></rect>`
    );
  });
  const lanes = cores.map(
    (name, core) => `<text x="4" y="${TOP + core * LANE + LANE / 2 + 4}">${escape(name)}</text>`,
  );
  const types = [...new Set(jobs.map(({ type }) => type))];
  const legend = types.map((type, index) => {
    const x = LEFT + index * 140;
    const fill = COLOURS[type] ?? OTHER;
    const box = `<rect x="${x}" y="10" width="12" height="12" fill="${fill}"/>`;
    return `${box}<text x="${x + 18}" y="21">${escape(type)}</text>`;
  });
  const height = TOP + cores.length * LANE + 30;
  const end = `${Math.round(latency).toLocaleString('en')} cycles`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...legend,
    ...lanes,
    ...bars,
    `<text x="${WIDTH - 10}" y="${height - 10}" text-anchor="end">${end}</text>`,
    '</svg>\n',
  ].join('\n');
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
