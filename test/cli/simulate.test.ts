import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseHTML } from 'linkedom';
import { WORKLOAD } from '../fuzz/samples.js';
import { dynconv, projectPath, type CommandResult } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const MODEL = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const TWO_ARRAYS = projectPath('hardware/two-arrays.yaml');

/** The document of --json, as far as it is looked at here. */
interface Document {
  layers: { name: string; type: string; latency: number; macs: number }[];
  latency: number;
  energy: number;
  cores: { name: string; busy: number }[];
  spans: { layer: string; core: number; start: number; end: number }[];
  withoutMasks?: { latency: number; energy: number };
  gain?: number;
}

describe('dynconv simulate', function () {
  this.timeout(60_000);
  const temporary = useTemporaryFolder();

  function simulate(...args: string[]): CommandResult {
    return dynconv(temporary.path, 'simulate', MODEL, '--hardware', TWO_ARRAYS, ...args);
  }

  function document(...args: string[]): Document {
    const { code, stdout, stderr } = simulate(...args, '--json');
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    return JSON.parse(stdout) as Document;
  }

  let decisions: string[];
  before(() => {
    decisions = document()
      .layers.filter(({ type }) => type === 'Decision')
      .map(({ name }) => name);
  });

  /** A file of densities: the share that every mask keeps. */
  function densities(share: number): string {
    const masks = Object.fromEntries(decisions.map((name) => [name, share]));
    const file = join(temporary.path, 'densities.json');
    writeFileSync(file, JSON.stringify({ format: 'dynconv-densities', masks }));
    return file;
  }

  it('prints one document, whose spans fill what its cores are said to be busy', () => {
    const { layers, latency, cores, spans } = document();
    expect(cores.map(({ name }) => name)).to.deep.equal(['main_array', 'side_array']);
    cores.forEach(({ busy }, core) => {
      const own = spans.filter((span) => span.core === core).sort((a, b) => a.start - b.start);
      const sum = own.reduce((total, { start, end }) => total + end - start, 0);
      expect(sum).to.be.closeTo(busy, 1e-6 * busy);
      own.slice(1).forEach(({ start }, i) => {
        expect(start).to.be.at.least(own[i].end - 1e-6);
      });
    });
    expect(Math.max(...spans.map(({ end }) => end))).to.equal(latency);
    // Side by side is no slower than one after the other, and no faster than half of it.
    const work = cores.reduce((sum, { busy }) => sum + busy, 0);
    expect(latency).to.be.within(Math.max(...cores.map(({ busy }) => busy)), work);
    expect(new Set(spans.map(({ layer }) => layer))).to.deep.equal(
      new Set(layers.map(({ name }) => name)),
    );
  });

  it('gains by masks, the more the less they keep', () => {
    const [half, eighth] = [0.5, 0.125].map((share) => document('--densities', densities(share)));
    for (const { gain, withoutMasks, latency } of [half, eighth]) {
      expect(gain).to.be.closeTo(withoutMasks!.latency / latency, 1e-9);
    }
    expect(half.gain).to.be.greaterThan(1);
    expect(eighth.gain).to.be.greaterThan(half.gain!);
    expect(eighth.energy).to.be.lessThan(half.energy);
  });

  it('draws a bar for each span, which tells its layer, and writes a trace of them', () => {
    const { spans } = document('--gantt', 'chart.svg', '--trace', 'trace.json');
    const svg = readFileSync(join(temporary.path, 'chart.svg'), 'utf8');
    const { document: drawn } = parseHTML(svg);
    const titles = [...drawn.querySelectorAll('rect title')].map(({ textContent }) => textContent);
    expect(titles).to.have.length(spans.length);
    const [first] = spans;
    expect(titles[0]).to.equal(
      `${first.layer}: ${Math.round(first.start)} to ${Math.round(first.end)}`,
    );
    expect(svg).to.include('>main_array</text>').and.to.include('>side_array</text>');

    const trace = JSON.parse(readFileSync(join(temporary.path, 'trace.json'), 'utf8')) as {
      traceEvents: { ph: string; name: string; ts: number; dur: number; tid: number }[];
    };
    const events = trace.traceEvents.filter(({ ph }) => ph === 'X');
    expect(events.map(({ name, ts, dur, tid }) => [name, ts, ts + dur, tid])).to.deep.equal(
      spans.map(({ layer, core, start, end }) => [layer, start, start + (end - start), core]),
    );
  });

  it('prints a table of cores, and the gain', () => {
    const { stdout } = simulate('--densities', densities(0.25));
    expect(stdout).to.match(/^core +busy +share\n-.*\nmain_array .*%\nside_array .*%\n/);
    expect(stdout).to.match(
      /\nlatency {2}[\d,]+ cycles\nenergy {3}\S+\nfeatures \d+ KiB at most\n/,
    );
    expect(stdout).to.match(/without masks [\d,]+ cycles: a gain of \d\.\d\dx\n$/);
  });

  it('gives no gain where masks leave nothing to compute', () => {
    const workload = join(temporary.path, 'w.yaml');
    const nothing = join(temporary.path, 'nothing.json');
    const layers = { Layer0: 0, Layer1: 0 };
    writeFileSync(workload, WORKLOAD);
    writeFileSync(nothing, JSON.stringify({ format: 'dynconv-densities', layers }));
    const hardware = projectPath('hardware/one-array.yaml');
    const args = ['simulate', workload, '--hardware', hardware, '--densities', nothing];
    const { code, stdout } = dynconv(temporary.path, ...args);
    expect(code).to.equal(0);
    expect(stdout).to.match(/\nwithout masks [\d,]+ cycles: with them nothing is computed\n$/);
    const json = JSON.parse(dynconv(temporary.path, ...args, '--json').stdout) as Document;
    expect(json).to.include({ latency: 0, gain: null });
  });

  it('exits with 2 and a line where a layer does not fit', () => {
    const text = readFileSync(projectPath('hardware/one-array.yaml'), 'utf8');
    const tiny = join(temporary.path, 'tiny.yaml');
    writeFileSync(tiny, text.replace('size: 134217728', 'size: 4096'));
    const { code, stderr } = dynconv(temporary.path, 'simulate', MODEL, '--hardware', tiny);
    expect(stderr).to.match(
      /^dynconv: .* does not fit: sram would need \d+ bits and has 4096\.\n$/,
    );
    expect(code).to.equal(2);
  });
});
