// Missing in the types of TypeScript 4.8.

declare class CompressionStream implements GenericTransformStream {
  constructor(format: 'deflate' | 'deflate-raw' | 'gzip');
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
}
