"""Reads PNG files of 8-bit RGB, which is what pictures are."""

import struct
import zlib


class Png:
    """width, height, and rows of bytes (three for each pixel)."""

    def __init__(self, data):
        if data[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError("not a PNG")
        pixels, at = b"", 8
        while at < len(data):
            length, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + length]
            check, = struct.unpack(
                ">I", data[at + 8 + length:at + 12 + length])
            if zlib.crc32(kind + body) != check:
                raise ValueError(f"{kind} is damaged")
            if kind == b"IHDR":
                self.width, self.height, *how = struct.unpack(">IIBBBBB", body)
                if how != [8, 2, 0, 0, 0]:
                    raise ValueError(f"not 8-bit RGB: {how}")
            elif kind == b"IDAT":
                pixels += body
            at += 12 + length
        self.rows = self._unfilter(zlib.decompress(pixels))

    def _unfilter(self, raw):
        stride, rows = 3 * self.width, []
        before = bytearray(stride)
        for y in range(self.height):
            start = y * (stride + 1)
            row = bytearray(raw[start + 1:start + 1 + stride])
            self._UNDO[raw[start]](row, before)
            rows.append(row)
            before = row
        return rows

    @staticmethod
    def _none(row, before):
        pass

    @staticmethod
    def _sub(row, before):
        for i in range(3, len(row)):
            row[i] = (row[i] + row[i - 3]) & 255

    @staticmethod
    def _up(row, before):
        for i, above in enumerate(before):
            row[i] = (row[i] + above) & 255

    @staticmethod
    def _average(row, before):
        for i, above in enumerate(before):
            left = row[i - 3] if i >= 3 else 0
            row[i] = (row[i] + (left + above) // 2) & 255

    @staticmethod
    def _paeth(row, before):
        for i, above in enumerate(before):
            left = row[i - 3] if i >= 3 else 0
            corner = before[i - 3] if i >= 3 else 0
            guess = left + above - corner
            far = (abs(guess - left), abs(guess - above), abs(guess - corner))
            near = (left if far[0] <= far[1] and far[0] <= far[2]
                    else above if far[1] <= far[2] else corner)
            row[i] = (row[i] + near) & 255

    _UNDO = (_none.__func__, _sub.__func__, _up.__func__, _average.__func__,
             _paeth.__func__)

    def colors(self):
        """How many pixels there are of each colour, 0xRRGGBB."""
        counts = {}
        for row in self.rows:
            for i in range(0, len(row), 3):
                color = row[i] << 16 | row[i + 1] << 8 | row[i + 2]
                counts[color] = counts.get(color, 0) + 1
        return counts
