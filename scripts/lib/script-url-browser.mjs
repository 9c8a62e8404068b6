/* global document, self -- bundled into a script */

/** What `import.meta.url` is in the script-tag build (`currentScript` is set only as it loads). */
export const scriptUrl =
  typeof document === 'undefined' ? self.location.href : document.currentScript.src;
