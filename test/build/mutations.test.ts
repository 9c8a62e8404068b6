import { expect } from 'chai';
import { MUTATIONS } from '../../scripts/lib/mutations.mjs';
import { assetBytes, IN_NODE } from '../support/environment.js';

// A browser is not served the sources.
if (IN_NODE) {
  describe('the faults that npm run mutate puts into the sources', () => {
    for (const { what, file, from, to } of MUTATIONS) {
      it(`have one place each: ${what}`, async () => {
        const source = new TextDecoder().decode(await assetBytes(file));
        expect(source.split(from)).to.have.length(2);
        expect(to).not.to.equal(from);
      });
    }
  });
}
