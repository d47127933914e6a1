/**
 * Stands in for the codecs that zarrita would load from numcodecs (vite.config.ts, scripts/build-cli.mjs): `limitCodecs`
 * replaces them, and 1.4 MB would be built for nothing.
 */
export default null;
