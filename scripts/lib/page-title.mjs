import { withPage } from './chromium.mjs';
import { serveFolder } from './static-server.mjs';

const TIMEOUT_MS = 60_000;

/**
 * Opens a page of which the title is the result.
 *
 * @param {string} url
 * @returns {Promise<string>} the title, once the page has one, and whatever the page complained of
 */
export function titleOf(url) {
  return withPage(async (page) => {
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => {
      // A page that is loaded once more stops loading what it had begun to.
      if (request.failure()?.errorText === 'net::ERR_ABORTED') return;
      complaints.push(`could not load ${request.url()}`);
    });
    page.on('console', (message) => {
      // Browsers ask for an icon, which no page here has.
      if (message.location().url?.endsWith('/favicon.ico')) return;
      if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(url);
    const title = await page
      .waitForFunction('document.title', { timeout: TIMEOUT_MS })
      .then((handle) => handle.jsonValue(), String);
    return [title, ...complaints].join('; ');
  });
}

/**
 * Serves a folder while a page of it runs.
 *
 * @param {string} folder
 * @param {string} page its file in the folder
 * @param {Record<string, string>} [headers] what the server sends with every file
 * @returns {Promise<string>} as `titleOf`
 */
export async function titleOfServed(folder, page, headers) {
  const server = await serveFolder(folder, { headers });
  try {
    return await titleOf(`${server.url}/${page}`);
  } finally {
    server.close();
  }
}
