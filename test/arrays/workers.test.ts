import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { setWasmPaths } from '../../src/index.js';
import type { WorkerSetup } from '../../src/arrays/lane-worker.js';
import { Workers } from '../../src/arrays/workers.js';
import { assetUrl, IN_NODE } from '../support/environment.js';
import { pause, until } from '../support/time.js';
import { startWith } from './start-with.js';

if (IN_NODE) {
  describe('a worker that cannot run', () => {
    const { mkdtempSync, rmSync, writeFileSync } = process.getBuiltinModule('node:fs');
    const path = process.getBuiltinModule('node:path');
    const folder = mkdtempSync(path.join(process.getBuiltinModule('node:os').tmpdir(), 'workers-'));
    const { warn } = console;

    let lanes: number;

    before(async () => {
      await tf.setBackend('dynconv');
      lanes = tf.env().getNumber('DYNCONV_LANES');
      // The backend itself is to start none meanwhile.
      await startWith(1);
    });

    after(async () => {
      console.warn = warn;
      setWasmPaths(assetUrl('dist/'));
      rmSync(folder, { recursive: true });
      await startWith(lanes);
    });

    for (const delay of [0, 150]) {
      it(`is given up with one warning where it fails after ${delay} ms`, async () => {
        const script = path.join(folder, `fails-after-${delay}.mjs`);
        writeFileSync(script, `setTimeout(() => { throw new Error('no'); }, ${delay});`);
        setWasmPaths({ 'dynconv-lane.js': script });
        let starts = 0;
        let warnings = 0;
        console.warn = (text: string) => {
          if (text.includes('a worker cannot run')) warnings++;
        };
        const workers = new Workers({
          setupOf: () => {
            starts++;
            return {} as WorkerSetup;
          },
          onMessage: () => undefined,
          onEnd: () => undefined,
        });
        workers.start(1);
        await until(() => warnings > 0);
        await pause(2 * delay + 50);
        workers.stop();
        assert.equal(starts, 5);
        assert.equal(warnings, 1);
      });
    }
  });
}
