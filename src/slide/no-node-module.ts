/** What the page's bundle has in place of Node's modules: nothing. See `resolve.alias` in vite.config.ts. */
export {};
