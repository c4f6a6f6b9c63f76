import { ConnectionError, ErrorCode } from './error-code.ts';
import { Flag, FRAME_HEAD, FrameType, MAX_WINDOW, writeFrameHead, writeUint32 } from './frame.ts';

/** RFC 9113 section 6.5.2. */
const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

/** What of the peer's settings matters to a server that pushes nothing. */
export interface PeerSettings {
  headerTableSize?: number;
  initialWindowSize?: number;
}

/** @throws ConnectionError for a value that no setting may have (RFC 9113 section 6.5.2) */
export function readSettings(bytes: Buffer, start: number, end: number): PeerSettings {
  if ((end - start) % 6 !== 0)
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS of a length that no settings have');
  const settings: PeerSettings = {};
  for (let at = start; at < end; at += 6) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case Setting.HEADER_TABLE_SIZE:
        settings.headerTableSize = value;
        break;
      case Setting.ENABLE_PUSH:
        if (value > 1) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'ENABLE_PUSH is neither 0 nor 1');
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW)
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'INITIAL_WINDOW_SIZE is too large');
        settings.initialWindowSize = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        // Frames of the least size that everybody takes are sent, whatever more is allowed.
        if (value < 16_384 || value > 16_777_215)
          throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'MAX_FRAME_SIZE is out of bounds');
        break;
    }
  }
  return settings;
}

export interface OwnSettings {
  maxConcurrentStreams: number;
  initialWindowSize: number;
  maxHeaderListSize: number;
}

/** The SETTINGS frame that a server begins with. */
export function settingsFrame(settings: OwnSettings): Buffer {
  const values: readonly [number, number][] = [
    [Setting.MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams],
    [Setting.INITIAL_WINDOW_SIZE, settings.initialWindowSize],
    [Setting.MAX_HEADER_LIST_SIZE, settings.maxHeaderListSize],
  ];
  const frame = Buffer.alloc(FRAME_HEAD + 6 * values.length);
  let at = writeFrameHead(frame, 0, 6 * values.length, FrameType.SETTINGS, 0, 0);
  for (const [setting, value] of values) {
    at = frame.writeUInt16BE(setting, at);
    at = writeUint32(frame, at, value);
  }
  return frame;
}

export const SETTINGS_ACK = Buffer.alloc(FRAME_HEAD);
writeFrameHead(SETTINGS_ACK, 0, 0, FrameType.SETTINGS, Flag.ACK, 0);
