/**
 * Registers TF.js's own gradients, which the eager interpreter needs for everything but convolutions and
 * crops. The umbrella package is the one way to have them that works in Node and in bundlers alike; nothing
 * that a page loads imports this file.
 */
import '@tensorflow/tfjs';
