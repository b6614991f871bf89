"""Adds the PDF/UA-1 claim to a PDF/A-3 file and names attached files once."""

from typing import Any

# Both claims in one file: the identifier of PDF/UA and, since it is none of the properties that PDF/A knows by itself,
# its schema (ISO 19005-1 6.7.8; ISO 14289-1 5).
_CLAIM = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>\
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>Part of ISO 14289 to which the file conforms</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"""
_END = b"</rdf:RDF>"


def finish(pdf: Any) -> None:
    """Add the claim to the metadata, and name each attached file once."""
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    (content,) = metadata.stream
    head, end, tail = content.rpartition(_END)
    if not end:
        raise ValueError("metadata of another form than WeasyPrint 70 writes")
    metadata.stream = [head + _CLAIM.encode() + end + tail]
    if "AF" in pdf.catalog:
        # WeasyPrint lists every file twice: from the name tree and from its description.
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
