# SPDX-License-Identifier: MIT
"""PIL.py: images of all modes, loaded and not, fonts and filters."""
import io

import PIL.Image
import PIL.ImageChops
import PIL.ImageCms
import PIL.ImageDraw
import PIL.ImageFilter
import PIL.ImageFont
import PIL.ImageSequence
import PIL.ImageStat

from kinds import make


def saved(kind, mode="RGB"):
    """An image of this kind of file, not loaded yet."""
    data = io.BytesIO()
    PIL.Image.new(mode, (20, 10), 0).save(data, kind)
    return PIL.Image.open(io.BytesIO(data.getvalue()))


def loaded(image):
    image.load()
    return image


LINES = """
[PIL.Image.new(mode, (20, 10)) for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I", "F", "LAB")]
saved("PNG")
loaded(saved("PNG", "RGBA"))
saved("JPEG")
loaded(saved("JPEG"))
saved("GIF", "P")
saved("TIFF")
loaded(saved("BMP"))
PIL.Image.new("RGB", (20, 10)).crop((1, 1, 5, 5))
PIL.Image.new("RGB", (20, 10)).resize((40, 20))
PIL.Image.new("RGB", (20, 10)).load()
PIL.Image.new("RGB", (20, 10)).getdata()
PIL.Image.new("RGB", (20, 10)).im
PIL.Image.new("P", (20, 10)).getpalette()
PIL.Image.new("RGB", (20, 10)).convert("P")
PIL.Image.frombytes("L", (4, 4), b"x" * 16)
PIL.Image.frombuffer("L", (4, 4), bytearray(16), "raw", "L", 0, 1)
PIL.ImageDraw.Draw(PIL.Image.new("RGB", (20, 10)))
PIL.ImageFilter.GaussianBlur(3)
PIL.Image.new("RGB", (20, 10)).filter(PIL.ImageFilter.BLUR)
PIL.ImageFont.load_default()
PIL.ImageStat.Stat(PIL.Image.new("RGB", (20, 10)))
PIL.ImageChops.invert(PIL.Image.new("RGB", (20, 10)))
PIL.ImageCms.createProfile("sRGB")
PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB"))
PIL.ImageSequence.Iterator(saved("GIF", "P"))
PIL.Image.core.getcodecstatus
PIL.Image.registered_extensions()
PIL.Image.new("RGB", (20, 10)).getexif()
"""


def build():
    make(globals(), LINES)
