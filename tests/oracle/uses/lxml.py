# SPDX-License-Identifier: MIT
"""lxml.py: documents, elements, parsers, queries and transformations."""
import io

import lxml.builder
import lxml.etree as etree
import lxml.html
import lxml.objectify

from kinds import make

XML = b"<a b='c'><d>text</d><e/>tail<!-- comment --><?pi x?><f xmlns='urn:x'><g/></f></a>"


class Own(etree.ElementBase):
    pass


class Target:
    def start(self, tag, attributes):
        pass

    def end(self, tag):
        pass

    def close(self):
        return [1]


def pulled():
    parser = etree.XMLPullParser(["start", "end"])
    parser.feed("<a><b></b>")
    return [parser, parser.read_events()]


def own_lookup():
    lookup = etree.ElementNamespaceClassLookup()
    lookup.get_namespace(None)["a"] = Own
    parser = etree.XMLParser()
    parser.set_element_class_lookup(lookup)
    return [lookup, parser, etree.fromstring(XML, parser)]


def failed():
    parser = etree.XMLParser()
    try:
        etree.fromstring("<a>", parser)
    except etree.XMLSyntaxError as err:
        return [err, parser.error_log]
    return None


XSLT = b"""<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><r><xsl:value-of select="/a/d"/></r></xsl:template></xsl:stylesheet>"""
XSD = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"/></xs:schema>"""
RNG = b"""<element name="a" xmlns="http://relaxng.org/ns/structure/1.0"><empty/></element>"""

LINES = """
etree.fromstring(XML)
list(etree.fromstring(XML))
etree.fromstring(XML).getroottree()
etree.parse(io.BytesIO(XML))
etree.fromstring(XML).attrib
etree.fromstring(XML).iter()
next(etree.fromstring(XML).iter())
etree.fromstring(XML).iterchildren()
etree.fromstring(XML).itertext()
etree.iterparse(io.BytesIO(XML))
list(etree.iterparse(io.BytesIO(XML)))
etree.iterwalk(etree.fromstring(XML), events=("start", "end"))
etree.fromstring(XML).xpath("//d/text()")
etree.fromstring(XML).xpath("//d")
etree.XPath("//d")
etree.XPathEvaluator(etree.fromstring(XML))
etree.XSLT(etree.fromstring(XSLT))
etree.XSLT(etree.fromstring(XSLT))(etree.fromstring(XML))
etree.XMLSchema(etree.fromstring(XSD))
etree.RelaxNG(etree.fromstring(RNG))
etree.DTD(io.StringIO("<!ELEMENT a EMPTY>"))
etree.Schematron
etree.Comment("c")
etree.ProcessingInstruction("p")
etree.Entity("e")
etree.Element("made", attribute="x", nsmap={"p": "urn:p"})
etree.SubElement(etree.Element("made"), "sub")
etree.QName("{urn:x}name")
etree.XMLParser(target=Target())
etree.XMLParser(recover=True)
etree.HTMLParser()
etree.TreeBuilder()
etree.ElementDepthFirstIterator(etree.fromstring(XML))
etree.CDATA("text")
etree.FunctionNamespace("urn:f")
etree.ETXPath("//d")
pulled()
own_lookup()
failed()
etree.clear_error_log()
Own()
lxml.html.fromstring("<p class='x'>text<a href='y'>link</a>")
lxml.html.fromstring("<form><input name='a'></form>").forms
lxml.objectify.fromstring(XML)
lxml.objectify.fromstring(XML).d
lxml.objectify.fromstring("<a><n>3</n><s>text</s></a>").n
lxml.objectify.ObjectPath("a.d")
lxml.builder.E.a(lxml.builder.E.b("text"))
etree.tostring(etree.fromstring(XML))
"""


def build():
    make(globals(), LINES)
