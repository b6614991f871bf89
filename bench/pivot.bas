' What a clerk does by hand: open the rows, put provinces down and channels across, save.
Sub Made(source As String, target As String)
    Dim hidden(0) As New com.sun.star.beans.PropertyValue
    hidden(0).Name = "Hidden"
    hidden(0).Value = True
    book = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
    rows = book.Sheets.getByIndex(0)
    cursor = rows.createCursor()
    cursor.gotoEndOfUsedArea(False)
    area = rows.getCellRangeByPosition(0, 0, cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow).RangeAddress
    book.Sheets.insertNewByName("pivot", 1)
    tables = book.Sheets.getByName("pivot").DataPilotTables
    pivot = tables.createDataPilotDescriptor()
    pivot.setSourceRange(area)
    fields = pivot.DataPilotFields
    fields.getByIndex(0).Orientation = com.sun.star.sheet.DataPilotFieldOrientation.ROW
    For channel = 2 To 5
        fields.getByIndex(channel).Orientation = com.sun.star.sheet.DataPilotFieldOrientation.DATA
        fields.getByIndex(channel).Function = com.sun.star.sheet.GeneralFunction.SUM
    Next
    Dim place As New com.sun.star.table.CellAddress
    place.Sheet = 1
    tables.insertNewByName("pivot", place, pivot)
    book.storeToURL(target, Array())
    book.close(True)
    StarDesktop.terminate()
End Sub
